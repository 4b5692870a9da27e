import { type Caller, openControlPlane } from "@cos/control-plane";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import { anybodyAs } from "./authenticate.ts";
import { serveHttp } from "./serve-http.ts";

let installation: Installation;
beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

test("a client connects over HTTP and finds the tools", async () => {
  const caller: Caller = { kind: "http", name: "agent", hostRoots: [] };
  await using controlPlane = openControlPlane({ writer: "mcp", env: installation.env });
  const options = { host: "127.0.0.1", port: 0, authenticate: anybodyAs(caller) };
  await using server = await serveHttp({ controlPlane, engines: ["local"] }, options);
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url)) as Transport);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain("container_run");
  await client.close();
});
