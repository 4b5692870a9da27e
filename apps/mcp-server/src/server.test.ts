import { PassThrough } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Call, ControlPlane, Outcome } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { describe, expect, type Mock, test, vi } from "vitest";
import type { ClientCall } from "./observe/client-call.ts";
import { createServer } from "./server.ts";
import { controlPlaneWith } from "./testing/control-plane.ts";
import { readMessages } from "./testing/messages.ts";

const done: Outcome = { status: "done", callId: "1", result: {}, text: "done" };

/** A server whose calls go to `perform`, and a client that writes lines and reads messages. */
async function openServer(perform: ControlPlane["perform"], engines: readonly string[] = []) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const { server, cancel, settled } = createServer({
    controlPlane: controlPlaneWith({ perform }),
    caller: { kind: "stdio", name: "agent", hostRoots: [] },
    engines,
  });
  await server.connect(new StdioServerTransport(input, output));
  const messages = readMessages(output);
  return {
    server,
    cancel,
    settled,
    lines: messages.lines,
    send: (...lines: string[]) => void input.write(lines.map((line) => `${line}\n`).join("")),
    answer: (id: number) => messages.received((message) => message["id"] === id),
  };
}

const callOf = (id: number, params: string) =>
  `{"jsonrpc": "2.0", "id": ${id}, "method": "tools/call", "params": ${params}}`;
const cancelOf = (id: number) =>
  `{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": ${id}, "reason": "no longer needed"}}`;

function theCall(perform: Mock<ControlPlane["perform"]>): Call {
  expect(perform).toHaveBeenCalledOnce();
  return perform.mock.calls[0]?.[0] ?? expect.unreachable();
}

/** Calls that run until they are cancelled, and what they were cancelled with. */
function untilCancelled() {
  const reasons: unknown[] = [];
  const perform = vi.fn(
    ({ signal }: Call) =>
      new Promise<Outcome>((_resolve, reject) => {
        const cancelled = () => {
          reasons.push(signal?.reason);
          reject(new CosError("cancelled", "The call was cancelled."));
        };
        if (signal?.aborted === true) cancelled();
        else signal?.addEventListener("abort", cancelled);
      }),
  );
  return { perform, reasons };
}

describe("with several engines", () => {
  test("every tool takes the engine's name, the default first", async () => {
    const { send, answer } = await openServer(async () => done, ["local", "prod"]);
    send(`{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}`);
    const { tools } = (await answer(1))["result"] as { tools: { inputSchema: { properties: object } }[] };
    for (const { inputSchema } of tools) {
      expect(inputSchema.properties).toMatchObject({ engine: { enum: ["local", "prod"], default: "local" } });
    }
  });

  test.each([
    ["a name", `{"name": "ping", "arguments": {"engine": "prod"}}`, { engine: "prod", input: {} }],
    ["none", `{"name": "ping"}`, { input: {} }],
    ["no text", `{"name": "ping", "arguments": {"engine": 1}}`, { engine: "", input: {} }],
  ])("a call with %s goes where it says", async (_what, params, call) => {
    const perform = vi.fn(async () => done);
    const { send, answer } = await openServer(perform, ["local", "prod"]);
    send(callOf(1, params));
    await answer(1);
    expect(theCall(perform)).toMatchObject(call);
  });

  test("with one, a tool takes none, and a call that gives one is judged as it is", async () => {
    const perform = vi.fn(async () => done);
    const { send, answer } = await openServer(perform, ["local"]);
    send(callOf(1, `{"name": "ping", "arguments": {"engine": "local"}}`));
    await answer(1);
    expect(theCall(perform)).toMatchObject({ input: { engine: "local" } });
  });
});

describe("a call", () => {
  test.each([
    ["nothing", `{"name": "ping"}`, { operation: "ping", input: {} }],
    ["its input", `{"name": "x", "arguments": {"a": [1]}}`, { operation: "x", input: { a: [1] } }],
    ["a list", `{"name": "x", "arguments": [1]}`, { operation: "x", input: [1] }],
    ["a text", `{"name": "x", "arguments": "confirmToken"}`, { operation: "x", input: "confirmToken" }],
    ["null", `{"name": "x", "arguments": null}`, { operation: "x", input: null }],
    ["a name that is none", `{"name": 7, "arguments": {}}`, { operation: "", input: {} }],
    ["no name", `{}`, { operation: "", input: {} }],
    ["a long name", `{"name": "${"x".repeat(1e6)}"}`, { operation: "x".repeat(1e6), input: {} }],
    ["a token", `{"name": "x", "arguments": {"a": 1, "confirmToken": "t"}}`, { input: { a: 1 }, confirmToken: "t" }],
    ["a token that is none", `{"name": "x", "arguments": {"confirmToken": null}}`, { input: {}, confirmToken: "" }],
  ])("with %s is judged by the control plane as it is", async (_what, params, call) => {
    const perform = vi.fn<ControlPlane["perform"]>(async () => done);
    const { send, answer } = await openServer(perform);
    send(callOf(1, params));
    expect(await answer(1)).toMatchObject({ result: { structuredContent: { status: "done" } } });
    const { caller, progress, signal, offered, request, ...given } = theCall(perform) as ClientCall;
    expect(request).toMatchObject({ method: "tools/call", id: 1 });
    expect(given).toEqual({ operation: expect.any(String), ...call });
    expect(caller).toEqual({ kind: "stdio", name: "agent", hostRoots: [] });
    expect(progress).toBeUndefined();
    expect(offered?.has("ping")).toBe(true);
    expect(signal?.aborted).toBe(false);
  });

  test("keeps members that have a meaning of their own in JavaScript, so that they can be refused", async () => {
    const perform = vi.fn<ControlPlane["perform"]>(async () => done);
    const { send, answer } = await openServer(perform);
    send(callOf(1, `{"name": "x", "arguments": {"__proto__": {"a": 1}, "confirmToken": "t"}}`));
    await answer(1);
    expect(Object.keys(theCall(perform).input as object)).toEqual(["__proto__"]);
  });

  test("that fails is answered with an error in words", async () => {
    const { send, answer } = await openServer(() => Promise.reject(new CosError("conflict", "It runs.")));
    send(callOf(1, `{"name": "x"}`));
    expect(await answer(1)).toMatchObject({
      result: { isError: true, content: [{ text: "Error: It runs. (conflict)" }] },
    });
  });

  test("of another method is refused", async () => {
    const { send, answer } = await openServer(async () => done);
    send(`{"jsonrpc": "2.0", "id": 1, "method": "tools/uninstall"}`);
    expect(await answer(1)).toMatchObject({ error: { code: -32601, message: "There is no such method." } });
  });
});

describe("progress", () => {
  test("reaches a client that asked for it, and counts up", async () => {
    const { send, answer, lines } = await openServer(async ({ progress }) => {
      progress?.({ phase: "pull", message: "Pulling busybox" });
      progress?.({ phase: "build", message: "Step\u001b[2J" });
      return done;
    });
    send(callOf(1, `{"name": "x", "_meta": {"progressToken": "p"}}`));
    await answer(1);
    expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as { params: unknown }).params)).toEqual([
      { progressToken: "p", progress: 1, message: "Pulling busybox" },
      { progressToken: "p", progress: 2, message: "Step\\u001b[2J" },
    ]);
  });

  test("of a call whose client has gone is nobody's, and does no harm", async () => {
    let report: Call["progress"];
    const { perform } = untilCancelled();
    const { send, server, lines } = await openServer((call) => {
      report = call.progress;
      return perform(call);
    });
    send(callOf(1, `{"name": "x", "_meta": {"progressToken": 1}}`));
    await expect.poll(() => perform.mock.calls).toHaveLength(1);
    await server.close();
    report?.({ phase: "start", message: "Starting" });
    await nextTurn();
    expect(lines).toEqual([]);
  });
});

test.each([
  ["tools/list", `{"cursor": 5}`, /no such `cursor`/],
  ["tools/list", `{"cursor": "x"}`, /no such `cursor`/],
  ["logging/setLevel", `{"level": "loud"}`, /`level` has to be one of debug, /],
  ["logging/setLevel", `{"level": ["info"]}`, /`level` has to be one of debug, /],
  ["logging/setLevel", `{}`, /`level` has to be one of debug, /],
])("what is wrong with a request is said in words: %s with %s", async (method, params, message) => {
  const { send, answer } = await openServer(async () => done);
  send(`{"jsonrpc": "2.0", "id": 1, "method": "${method}", "params": ${params}}`);
  expect(await answer(1)).toMatchObject({ error: { code: -32602, message: expect.stringMatching(message) } });
});

describe("the log", () => {
  const levelOf = (id: number, level: string) =>
    `{"jsonrpc": "2.0", "id": ${id}, "method": "logging/setLevel", "params": {"level": "${level}"}}`;
  const pulling: ControlPlane["perform"] = async ({ progress }) => {
    progress?.({ phase: "pull", message: "Pulling busybox\u001b[2J" });
    return done;
  };

  test("tells a client that wants to hear it how a call goes, whether or not it asked for progress", async () => {
    const { send, answer, lines } = await openServer(pulling);
    send(levelOf(1, "info"), callOf(2, `{"name": "x"}`), callOf(3, `{"name": "x", "_meta": {"progressToken": "p"}}`));
    expect(await answer(1)).toMatchObject({ result: {} });
    await answer(3);
    const said = { level: "info", logger: "x", data: "Pulling busybox\\u001b[2J" };
    const notes = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ id }) => id === undefined);
    expect(notes).toMatchObject([
      { method: "notifications/message", params: said },
      { method: "notifications/progress" },
      { method: "notifications/message", params: said },
    ]);
  });

  test("tells a client nothing that has not asked for it, or asked for less", async () => {
    const { send, answer, lines } = await openServer(pulling);
    send(callOf(1, `{"name": "x"}`), levelOf(2, "warning"), callOf(3, `{"name": "x"}`));
    await answer(3);
    expect(lines).toHaveLength(3);
  });
});

describe("cancelling", () => {
  test("ends one call, without the client's words for it and without an answer", async () => {
    const { perform, reasons } = untilCancelled();
    const { send, answer, lines } = await openServer((call) =>
      call.operation === "ping" ? Promise.resolve(done) : perform(call),
    );
    send(callOf(1, `{"name": "x"}`), callOf(2, `{"name": "x"}`));
    await expect.poll(() => perform.mock.calls).toHaveLength(2);
    send(cancelOf(1), callOf(3, `{"name": "ping"}`));
    await answer(3);
    expect(reasons).toEqual([expect.objectContaining({ name: "AbortError" })]);
    expect(lines).toHaveLength(1);
  });

  test("reaches a call that came in the same breath", async () => {
    const { perform, reasons } = untilCancelled();
    const { send } = await openServer(perform);
    send(callOf(1, `{"name": "x"}`), cancelOf(1));
    await expect.poll(() => reasons).toHaveLength(1);
  });

  test("comes to every call when the server ends, to later ones too, and each is answered", async () => {
    const { perform, reasons } = untilCancelled();
    const { send, cancel, settled, answer } = await openServer(perform);
    send(callOf(1, `{"name": "x"}`), callOf(2, `{"name": "x"}`));
    await expect.poll(() => perform.mock.calls).toHaveLength(2);
    cancel();
    await settled();
    send(callOf(3, `{"name": "x"}`));
    for (const id of [1, 2, 3])
      expect(await answer(id)).toMatchObject({
        result: { content: [{ text: "Error: The call was cancelled. (cancelled)" }] },
      });
    expect(reasons).toHaveLength(3);
  });

  test("is not over before the calls are", async () => {
    let finish: ((outcome: Outcome) => void) | undefined;
    const { send, cancel, settled } = await openServer(() => new Promise((resolve) => (finish = resolve)));
    send(callOf(1, `{"name": "x"}`));
    await expect.poll(() => finish).toBeDefined();
    const noticed = vi.fn();
    cancel();
    const over = settled().then(noticed);
    await nextTurn();
    expect(noticed).not.toHaveBeenCalled();
    finish?.(done);
    await over;
  });
});
