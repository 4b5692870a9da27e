import { request } from "node:http";
import { connect } from "node:net";
import type { Call, Caller, Outcome } from "@cos/control-plane";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HttpSession, open, openSession, readEvents, send } from "../testing/http-requests.ts";
import { done, refusal, serveCalls } from "../testing/calls-server.ts";
import type { HttpServer } from "./serve-http.ts";

const bearer = { authorization: "Bearer agent" };
/** A call that runs, and what ends it. */
interface Running {
  readonly call: Call;
  readonly finish: (outcome: Outcome) => void;
}
let running: Running[];
let server: HttpServer;
let session: HttpSession;

beforeEach(async () => {
  running = [];
  const perform = (call: Call) => new Promise<Outcome>((finish) => running.push({ call, finish }));
  server = await serveCalls(perform, { limits: { abandonedMs: 300, idleMs: 600, lookMs: 20 } });
  session = await openSession(server.url, bearer);
});
afterEach(async () => {
  for (const { finish } of running) finish(done);
  await server[Symbol.asyncDispose]();
});

const call = (id: number | string) => {
  const params = { name: "container_run", arguments: {}, _meta: { progressToken: "p" } };
  return { jsonrpc: "2.0", id, method: "tools/call", params };
};
const post = async (body: object) => readEvents(await open(server.url, { headers: session.headers, body }));
const listen = async (headers = {}) =>
  readEvents(await open(server.url, { method: "GET", headers: { ...session.headers, ...headers } }));
const resume = (id = "") => listen({ "last-event-id": id });
const started = async (count = 1) => {
  await expect.poll(() => running).toHaveLength(count);
  return running[count - 1] ?? expect.unreachable();
};
const progress = (count: number) => ({ method: "notifications/progress", params: { progress: count } });
const answered = (id: number | string) => ({ id, result: { structuredContent: { status: "done" } } });

describe("an answer", () => {
  test("that is there at once comes as a whole", async () => {
    const text = await session.send({ body: { jsonrpc: "2.0", id: 1, method: "ping" } });
    expect(text).toMatchObject({
      status: 200,
      headers: { "content-type": "text/event-stream", "content-length": expect.any(String) },
      text: 'data: {"result":{},"jsonrpc":"2.0","id":1}\n\n',
    });
  });

  test("that takes longer begins with an event to come back to, and goes on as the call does", async () => {
    const events = await post(call(1));
    expect(events.ids).toEqual([]);
    await expect.poll(() => events.ids).toHaveLength(1);
    expect(events.messages).toEqual([]);
    const { call: made, finish } = await started();
    made.progress?.({ phase: "start", message: "Starting" });
    await expect.poll(() => events.messages).toMatchObject([progress(1)]);
    finish(done);
    await events.over;
    expect(events.messages).toMatchObject([progress(1), answered(1)]);
  });

  test("to several requests in one body comes on one stream, and ends with the last", async () => {
    const events = await post([call(1), { jsonrpc: "2.0", method: "notifications/x" }, call("two")]);
    (await started(2)).finish(done);
    await expect.poll(() => events.messages).toMatchObject([answered("two")]);
    running[0]?.finish(done);
    await events.over;
    expect(events.messages).toMatchObject([answered("two"), answered(1)]);
  });

  test("to nothing but notifications and answers is none", async () => {
    const nothing = { status: 202, text: "" };
    expect(await session.send({ body: { jsonrpc: "2.0", method: "notifications/x" } })).toMatchObject(nothing);
    expect(await session.send({ body: { jsonrpc: "2.0", id: 7, result: {} } })).toMatchObject(nothing);
  });

  test("to a request that is cancelled ends its stream", async () => {
    const events = await post(call(1));
    const { call: made } = await started();
    const params = { requestId: 1, reason: "no longer needed" };
    await session.send({ body: { jsonrpc: "2.0", method: "notifications/cancelled", params } });
    await events.over;
    expect(made.signal?.aborted).toBe(true);
    expect(events.messages).toEqual([{ jsonrpc: "2.0", id: 1, error: { code: -32_800, message: expect.any(String) } }]);
  });
});

describe("a client whose connection breaks", () => {
  test("comes back for what it missed, and for the rest", async () => {
    const first = await post(call(1));
    const { call: made, finish } = await started();
    made.progress?.({ phase: "start", message: "Starting" });
    await expect.poll(() => first.messages).toHaveLength(1);
    first.drop();
    made.progress?.({ phase: "start", message: "Started" });
    const second = await resume(first.ids.at(-1));
    await expect.poll(() => second.messages).toMatchObject([progress(2)]);
    finish(done);
    await second.over;
    expect(second.messages).toMatchObject([progress(2), answered(1)]);
    expect(made.signal?.aborted).toBe(false);
  });

  test("gets an answer that came while it was gone, as often as it asks", async () => {
    const first = await post(call(1));
    const { finish } = await started();
    await expect.poll(() => first.ids).toHaveLength(1);
    first.drop();
    await first.over;
    finish(done);
    for (let times = 0; times < 2; times++) {
      const again = await resume(first.ids[0]);
      await again.over;
      expect(again.messages).toMatchObject([answered(1)]);
    }
  });

  test("takes the place of its old connection, which the server thinks is alive", async () => {
    const first = await post(call(1));
    await expect.poll(() => first.ids).toHaveLength(1);
    const second = await resume(first.ids[0]);
    await first.over;
    (await started()).finish(done);
    await second.over;
    expect(second.messages).toMatchObject([answered(1)]);
  });

  test("gets only its own stream, and nothing of another session", async () => {
    const first = await post(call(1));
    const other = await post(call(2));
    await expect.poll(() => [...first.ids, ...other.ids]).toHaveLength(2);
    first.drop();
    await started(2);
    for (const { call: made, finish } of running) {
      made.progress?.({ phase: "start", message: "Starting" });
      finish(done);
    }
    const again = await resume(first.ids[0]);
    await again.over;
    expect(again.messages).toMatchObject([progress(1), answered(1)]);
    const stranger = await openSession(server.url, bearer);
    const headers = { ...stranger.headers, "last-event-id": first.ids[0] ?? "" };
    expect(await send(server.url, { method: "GET", headers })).toMatchObject(refusal(400));
  });

  test.each(["", "1", "999-1", "1-999999", "-1--1", "1-1 ", "../1", "9".repeat(40)])(
    "cannot make up an event: %j",
    async (id) => {
      const headers = { ...session.headers, "last-event-id": id };
      expect(await send(server.url, { method: "GET", headers })).toMatchObject(refusal(400));
    },
  );

  test("is told when more was missed than is kept, and the server keeps no more", async () => {
    const first = await post(call(1));
    const { call: made } = await started();
    await expect.poll(() => first.ids).toHaveLength(1);
    first.drop();
    await first.over;
    for (let many = 0; many < 300; many++) made.progress?.({ phase: "start", message: "x" });
    expect(await session.send({ method: "GET", headers: { "last-event-id": first.ids[0] ?? "" } })).toMatchObject(
      refusal(400, /Nothing is known/),
    );
  });
});

test("a client that does not read is cut off, before it costs the server's memory", async () => {
  const response = await open(server.url, { headers: session.headers, body: call(1) });
  response.pause().on("error", () => undefined);
  const gone = new Promise((resolve) => response.once("close", resolve));
  const { call: made } = await started();
  for (let many = 0; many < 400; many++) made.progress?.({ phase: "build", message: "x".repeat(64 * 1024) });
  response.resume();
  await gone;
  expect(made.signal?.aborted).toBe(false);
});

test("an answer that is longer than what may wait comes nevertheless, whole", async () => {
  const events = await post(call(1));
  const { finish } = await started();
  const result = { stdout: "\0".repeat(2 * 1024 * 1024) };
  finish({ status: "done", callId: "1", result, text: "done" });
  await events.over;
  expect(events.messages).toMatchObject([{ id: 1, result: { structuredContent: { result } } }]);
});

test("a client that asks on and on without reading is cut off, too", async () => {
  const { host, port } = new URL(server.url);
  const ask = (id: number) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id, method: "tools/list" });
    const headers = { ...session.headers, accept: "*/*", "content-type": "application/json", host };
    const lines = Object.entries({ ...headers, "content-length": body.length }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    return `POST /mcp HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
  };
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  socket.write(Array.from({ length: 450 }, (_, id) => ask(id)).join(""));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let bytes = 0;
  // What the system holds for it can be read, and no more.
  await vi.waitFor(() => expect(socket.bytesWritten).toBeGreaterThan(100_000));
  await new Promise((resolve) => setTimeout(resolve, 500));
  socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
  await closed;
  const whole = (await session.ask(1000, "tools/list")) as object;
  expect(bytes).toBeLessThan(JSON.stringify(whole).length * 400);
});

describe("a session", () => {
  test("has its calls cancelled and is gone when nobody comes back to them", async () => {
    const events = await post(call(1));
    const { call: made, finish } = await started();
    await expect.poll(() => events.ids).toHaveLength(1);
    const cancelled = vi.fn();
    made.signal?.addEventListener("abort", () => (cancelled(), finish(done)));
    events.drop();
    await expect.poll(() => cancelled.mock.calls, { timeout: 2000 }).toHaveLength(1);
    await expect.poll(() => server.sessions).toBe(0);
    expect(await session.send({ method: "GET" })).toMatchObject(refusal(404));
  });

  test("is not over while a client listens, and is when nobody has for long", async () => {
    const standing = await listen();
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(server.sessions).toBe(1);
    standing.drop();
    await expect.poll(() => server.sessions, { timeout: 2000 }).toBe(0);
  });

  test("is over, also when its last client left before it was known who it is", async () => {
    const asked: (() => void)[] = [];
    const caller: Caller = { kind: "http", name: "agent", hostRoots: [] };
    const authenticate = async () => {
      await new Promise<void>((resolve) => asked.push(resolve));
      return { caller, trustsDialogs: false };
    };
    await using slow = await serveCalls(async () => done, { authenticate, limits: { idleMs: 200, lookMs: 20 } });
    const letIn = setInterval(() => asked.shift()?.(), 1);
    const { headers } = await openSession(slow.url);
    clearInterval(letIn);
    expect(slow.sessions).toBe(1);
    const left = request(new URL(slow.url), { headers: { ...headers, accept: "text/event-stream" } });
    left.on("error", () => undefined).end();
    await expect.poll(() => asked).toHaveLength(1);
    left.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    asked.shift()?.();
    await expect.poll(() => slow.sessions, { timeout: 2000 }).toBe(0);
  });

  test("ends when its client says so, with its calls and its streams", async () => {
    const [standing, events] = [await listen(), await post(call(1))];
    const { call: made, finish } = await started();
    made.signal?.addEventListener("abort", () => finish(done));
    expect(await session.send({ method: "DELETE" })).toMatchObject({ status: 200 });
    await Promise.all([standing.over, events.over]);
    expect(events.messages).toMatchObject([answered(1)]);
    expect(server.sessions).toBe(0);
    expect(await session.send({ method: "DELETE" })).toMatchObject(refusal(404));
  });

  test("ends with the server, and its calls are answered", async () => {
    const events = await post(call(1));
    const { call: made, finish } = await started();
    made.signal?.addEventListener("abort", () => finish(done));
    await server[Symbol.asyncDispose]();
    await events.over;
    expect(events.messages).toMatchObject([answered(1)]);
    await expect(open(server.url, {})).rejects.toThrow("ECONNREFUSED");
  });

  test("has one standing stream: a client that opens another goes on with that one", async () => {
    const first = await listen();
    const second = await listen();
    await first.over;
    second.drop();
  });
});
