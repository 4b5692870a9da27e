import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { type Call, type Caller, openControlPlane, type Outcome } from "@cos/control-plane";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { done, serveCalls } from "../testing/calls-server.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import { anybodyAs } from "./authenticate.ts";
import { serveHttp } from "./serve-http.ts";

const caller: Caller = { kind: "http", name: "agent", hostRoots: [] };
let installation: Installation;
beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

async function connectClient(url: string): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)) as Transport);
  return client;
}

/** A way to the server that breaks all its connections when it is told to. */
async function openWay() {
  let to = 0;
  const sockets = new Set<Socket>();
  const way = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    for (const socket of [near, far]) sockets.add(socket.on("error", () => socket.destroy()));
    near.pipe(far).pipe(near);
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
  });
  way.listen(0, "127.0.0.1");
  await once(way, "listening");
  const { port } = way.address() as AddressInfo;
  const interrupt = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    host: `127.0.0.1:${port}`,
    leadTo: (url: string) => void (to = Number(new URL(url).port)),
    interrupt,
    [Symbol.dispose]() {
      interrupt();
      way.close();
    },
  };
}

test("a client connects over HTTP and finds the tools", async () => {
  await using controlPlane = openControlPlane({ writer: "mcp", env: installation.env });
  const options = { host: "127.0.0.1", port: 0, authenticate: anybodyAs(caller) };
  await using server = await serveHttp({ controlPlane, engines: ["local"] }, options);
  const client = await connectClient(server.url);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain("container_run");
  await client.close();
});

test("a client whose connections break in the middle of a call goes on with it by itself", async () => {
  const calls: { readonly call: Call; readonly finish: (outcome: Outcome) => void }[] = [];
  const perform = (call: Call) => new Promise<Outcome>((finish) => calls.push({ call, finish }));
  using way = await openWay();
  const allowed = { hosts: [way.host], origins: [] };
  await using server = await serveCalls(perform, { authenticate: anybodyAs(caller), allowed });
  way.leadTo(server.url);
  const client = await connectClient(way.url);
  const heard: string[] = [];
  const answer = client.callTool({ name: "ping", arguments: {} }, undefined, {
    onprogress: ({ message = "" }) => heard.push(message),
  });
  await expect.poll(() => calls).toHaveLength(1);
  calls[0]?.call.progress?.({ phase: "start", message: "before" });
  await expect.poll(() => heard).toEqual(["before"]);
  way.interrupt();
  calls[0]?.call.progress?.({ phase: "start", message: "meanwhile" });
  await expect.poll(() => heard, { timeout: 4000 }).toEqual(["before", "meanwhile"]);
  calls[0]?.finish(done);
  expect(await answer).toMatchObject({ structuredContent: { status: "done" } });
  expect(calls).toHaveLength(1);
  await client.close();
});
