import { readdirSync } from "node:fs";
import { type Caller, openControlPlane } from "@cos/control-plane";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveCalls } from "../testing/calls-server.ts";
import { open, openSession, readEvents } from "../testing/http-requests.ts";
import { type HttpProcess, startHttp } from "../testing/http-process.ts";
import { type Installation, makeInstallation } from "../testing/installation.ts";
import type { Message } from "../testing/messages.ts";
import { ownJobs, patiently } from "../testing/own-jobs.ts";

const caller: Caller = { kind: "http", name: "tester", hostRoots: [] };
const args = ["--insecure-no-auth", "--as", caller.name];
let installation: Installation;
const { job, perform, list: listJobs, expectNone } = ownJobs(() => installation, caller);

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  try {
    await expectNone();
  } finally {
    installation.remove();
  }
});

const run = (id: number, command: string, more: object = {}) => {
  const params = { name: "container_run", arguments: job(command, more) };
  return { jsonrpc: "2.0", id, method: "tools/call", params };
};
const resultOf = (exitCode: number, stdout: string) => ({
  result: { structuredContent: { status: "done", result: { exitCode, stdout } } },
});

/** A job that runs, and the connection of the client that asked for it. */
async function startJob(server: HttpProcess, command: string) {
  const session = await openSession(server.url);
  const events = readEvents(await open(server.url, { headers: session.headers, body: run(1, command) }));
  await expect.poll(listJobs, patiently).toMatchObject([{ state: "running" }]);
  return { session, events };
}

test("a client runs a job, and comes back for its result when the connection broke", async () => {
  await using server = await startHttp({ env: installation.env, args });
  const { session, events } = await startJob(server, "sleep 1; echo out; exit 3");
  events.drop();
  const headers = { ...session.headers, "last-event-id": events.ids.at(-1) ?? "" };
  const again = readEvents(await open(server.url, { method: "GET", headers }));
  await again.over;
  expect(again.messages.at(-1)).toMatchObject({ id: 1, ...resultOf(3, "out\n") });
});

describe("a job that runs", () => {
  test("is killed and answered when the server is told to end, and leaves no container", async () => {
    await using server = await startHttp({ env: installation.env, args });
    const { events } = await startJob(server, "sleep 300");
    server.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    expect(await listJobs()).toEqual([]);
    expect(events.messages.at(-1)).toMatchObject({
      id: 1,
      result: { structuredContent: { result: { cancelled: true } } },
    });
  });

  test("is killed when its client ends the session, or takes the call back", async () => {
    await using server = await startHttp({ env: installation.env, args });
    const first = await startJob(server, "sleep 300");
    await first.session.send({ method: "DELETE" });
    await expect.poll(listJobs, patiently).toEqual([]);
    const second = await startJob(server, "sleep 300");
    const params = { requestId: 1 };
    await second.session.send({ body: { jsonrpc: "2.0", method: "notifications/cancelled", params } });
    await expect.poll(listJobs, patiently).toEqual([]);
    await second.events.over;
  });

  test("goes on without its server when it is detached", async () => {
    await using server = await startHttp({ env: installation.env, args });
    const session = await openSession(server.url);
    const input = job("sleep 300", { detach: true });
    const started = await session.ask(1, "tools/call", { name: "container_run", arguments: input });
    expect(started).toMatchObject({ result: { structuredContent: { status: "done" } } });
    server.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    const [detached] = await listJobs();
    expect(detached).toMatchObject({ state: "running" });
    await perform("container_rm", { container: detached?.id, force: true });
  });
});

describe("the token of a preview", () => {
  const wider = job("true", { network: "bridge" });
  const statusOf = ({ result }: Message) =>
    (result as { structuredContent: { status: string } }).structuredContent.status;

  test("is its caller's in every session, once, and nobody else's", async () => {
    await using controlPlane = openControlPlane({ writer: "mcp", env: installation.env });
    await using server = await serveCalls((call) => controlPlane.perform(call));
    const open = async (name: string) => {
      const session = await openSession(server.url, { authorization: `Bearer ${name}` });
      return (id: number, input: object) => session.ask(id, "tools/call", { name: "container_run", arguments: input });
    };
    const preview = async () => {
      const asked = await (await open("tester"))(1, wider);
      expect(statusOf(asked)).toBe("confirm");
      return { ...wider, ...tokenOf(asked) };
    };
    const tokenOf = ({ result }: Message) => {
      const { structuredContent } = result as { structuredContent: { confirmToken: string } };
      return { confirmToken: structuredContent.confirmToken };
    };
    const stolen = await preview();
    expect(statusOf(await (await open("thief"))(1, stolen))).toBe("denied");
    expect(statusOf(await (await open("tester"))(1, stolen))).toBe("denied");
    const own = await preview();
    const later = await open("tester");
    expect(statusOf(await later(1, own))).toBe("done");
    expect(statusOf(await later(2, own))).toBe("denied");
  });
});

test("clients that come, call and vanish leave no connection, no file and no session behind", async () => {
  await using server = await startHttp({ env: installation.env, args: [...args, "--rate-limit", "100000"] });
  const files = () => readdirSync(`/proc/${server.pid}/fd`).length;
  const visit = async (id: number) => {
    const session = await openSession(server.url);
    const standing = readEvents(await open(server.url, { method: "GET", headers: session.headers }));
    const call = { jsonrpc: "2.0", id, method: "tools/call", params: { name: "ping", arguments: {} } };
    const events = readEvents(await open(server.url, { headers: session.headers, body: call }));
    if (id % 2 === 0) await events.over;
    events.drop();
    standing.drop();
    await standing.over;
  };
  for (let id = 0; id < 20; id++) await visit(id);
  await expect.poll(files, patiently).toBeLessThan(60);
  const before = files();
  for (let id = 0; id < 200; id++) await visit(id);
  await expect.poll(files, patiently).toBeLessThanOrEqual(before + 2);
  expect(server.stderr()).not.toMatch(/Error|at .*\.ts:/);
});
