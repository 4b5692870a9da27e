import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { open, openSession, send } from "../testing/http-requests.ts";
import { done, refusal, serveCalls, untilCancelled } from "../testing/calls-server.ts";
import type { HttpServer } from "./serve-http.ts";

const perform = vi.fn(async () => done);
const bearer = { authorization: "Bearer agent" };
let server: HttpServer;

beforeAll(async () => {
  server = await serveCalls(perform);
});
afterAll(async () => {
  // Whatever was sent, no call was made of it.
  expect(perform).not.toHaveBeenCalled();
  await server[Symbol.asyncDispose]();
});

describe("a session", () => {
  test("is nobody else's, and to them it is not even there", async () => {
    const own = await openSession(server.url, bearer);
    const stranger = { ...own.headers, authorization: "Bearer stranger" };
    const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    for (const method of ["GET", "POST", "DELETE"]) {
      const theirs = await send(server.url, { method, headers: stranger, body: method === "POST" ? list : "" });
      const none = { ...stranger, "mcp-session-id": "00000000-0000-0000-0000-000000000000" };
      const nobodys = await send(server.url, { method, headers: none, body: method === "POST" ? list : "" });
      expect(theirs).toMatchObject(refusal(404));
      expect(theirs.text).toBe(nobodys.text);
    }
    expect(await own.ask(1, "tools/list")).toHaveProperty("result");
    expect(await own.send({ body: list, headers: { authorization: "" } })).toMatchObject({ status: 401 });
  });

  test("is begun once, and speaks a version that there is", async () => {
    const own = await openSession(server.url, bearer);
    const again = { jsonrpc: "2.0", id: 9, method: "initialize", params: {} };
    expect(await own.send({ body: again })).toMatchObject(refusal(400, /alone and once/));
    const future = { "mcp-protocol-version": "2026-07-28" };
    expect(await own.send({ body: { jsonrpc: "2.0", id: 1, method: "ping" }, headers: future })).toMatchObject(
      refusal(400, /version/),
    );
  });

  test("is one of few: a thousand more end those that do nothing, and never those that work", async () => {
    const working = untilCancelled();
    await using small = await serveCalls(working.perform, {
      limits: { sessionsPerCaller: 4, sessions: 6, ratePerSecond: 1e6 },
    });
    const busy = await openSession(small.url, bearer);
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ping" } };
    const answer = await open(small.url, { headers: busy.headers, body: call });
    let last = busy;
    for (let many = 0; many < 1000; many++) last = await openSession(small.url, bearer);
    expect(small.sessions).toBe(4);
    expect(working.cancelled()).toBe(0);
    expect(await last.ask(1, "ping")).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    for (const name of ["b", "c"]) await openSession(small.url, { authorization: `Bearer ${name}` });
    await expect(openSession(small.url, { authorization: "Bearer d" })).rejects.toThrow("503");
    answer.destroy();
  });

  test("in which all sessions work takes no other", async () => {
    const working = untilCancelled();
    await using small = await serveCalls(working.perform, { limits: { sessionsPerCaller: 1, callsPerCaller: 2 } });
    const busy = await openSession(small.url, bearer);
    const call = (id: number) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "ping" } });
    const answers = [1, 2].map((id) => open(small.url, { headers: busy.headers, body: call(id) }));
    await Promise.all(answers);
    expect(await busy.send({ body: call(3) })).toMatchObject({ ...refusal(429), headers: { "retry-after": "1" } });
    expect(await busy.send({ body: call(2) })).toMatchObject(refusal(429));
    await expect(openSession(small.url, bearer)).rejects.toThrow("429");
    await expect(openSession(small.url, { authorization: "Bearer other" })).resolves.toBeDefined();
  });
});

test("a session that has ended leaves nothing behind at what its client has shown", async () => {
  const { signal: ended } = new AbortController();
  const authenticate = async () => ({
    caller: { kind: "http", name: "agent", hostRoots: [] } as const,
    trustsDialogs: false,
    ended,
  });
  await using lasting = await serveCalls(perform, { authenticate });
  const opened = await Promise.all(Array.from({ length: 20 }, () => openSession(lasting.url)));
  // What is held weakly goes now, and not at some time.
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  await Promise.all(opened.map((session) => session.send({ method: "DELETE" })));
  await expect.poll(() => getEventListeners(ended, "abort")).toEqual([]);
});

test("who asks too often waits, and nobody else does", async () => {
  await using slow = await serveCalls(perform, { limits: { ratePerSecond: 2 } });
  const ping = (name: string) =>
    send(slow.url, { method: "GET", headers: { authorization: `Bearer ${name}`, "mcp-session-id": "none" } });
  const answers = await Promise.all(Array.from({ length: 30 }, () => ping("agent")));
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(10);
  const waiting = answers.filter(({ status }) => status === 429);
  expect(waiting).toHaveLength(20);
  for (const { headers } of waiting) expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  expect(await ping("other")).toMatchObject({ status: 404 });
  const elsewhere = { method: "GET", path: "/readyz", headers: bearer };
  expect(await send(slow.url, elsewhere)).toMatchObject(refusal(429));
});

test("the id of a request that still runs is not taken again", async () => {
  const working = untilCancelled();
  await using other = await serveCalls(working.perform);
  const session = await openSession(other.url, bearer);
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ping" } };
  const first = await open(other.url, { headers: session.headers, body: call });
  expect(await session.send({ body: call })).toMatchObject(refusal(400, /already in use/));
  expect(
    await session.send({
      body: [
        { ...call, id: 2 },
        { ...call, id: 2 },
      ],
    }),
  ).toMatchObject(refusal(400));
  expect(working.calls).toHaveLength(1);
  first.destroy();
});
