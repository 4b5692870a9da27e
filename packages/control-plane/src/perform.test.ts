import { CosError, type Engine } from "@cos/core";
import { type AuditEvent, definePolicy, type Policy, type Question } from "@cos/policy";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import type { Operation, Target } from "./operation.ts";
import { agent, allowAll, openBench, person } from "./testing/bench.ts";

const container: Target = { kind: "container", id: "a".repeat(64), name: "cos-web", owner: "user", stateDigest: "1" };

/** An operation that the tests can watch. */
function operationWith(more: Partial<Operation> = {}) {
  const run = vi.fn<Operation["run"]>(async () => ({ answer: 42 }));
  const operation: Operation = {
    name: "thing_do",
    title: "Do a thing",
    description: "Does it.",
    effect: "mutate",
    input: z.strictObject({ note: z.string().default("none") }),
    output: z.strictObject({ answer: z.int() }),
    run,
    format: (result) => `the answer is ${(result as { answer: number }).answer}`,
    ...more,
  };
  return { run, operation };
}

const stages = (events: readonly AuditEvent[]) => events.map(({ stage }) => stage);
const deny = definePolicy([{ name: "no-things", decision: "deny", reason: "Things are not done here." }]);

describe("a call that is done", () => {
  test("answers with the result and with its words", async () => {
    const { operation } = operationWith();
    const outcome = await openBench({ operations: [operation] }).perform("thing_do", {});
    expect(outcome).toEqual({
      status: "done",
      callId: expect.any(String),
      result: { answer: 42 },
      text: "the answer is 42",
    });
  });

  test("is recorded before it starts and when it has succeeded, under one id", async () => {
    const { operation, run } = operationWith();
    const seen: string[] = [];
    const bench = openBench({ operations: [operation], onRecord: ({ stage }) => seen.push(stage) });
    run.mockImplementation(async () => {
      seen.push("run");
      return { answer: 1 };
    });
    const { callId } = await bench.perform("thing_do", { note: "x" });
    expect(seen).toEqual(["started", "run", "succeeded"]);
    const known = {
      callId,
      operation: "thing_do",
      effect: "mutate",
      engine: "memory",
      caller: { kind: "terminal", name: "user" },
      rule: "all",
    };
    expect(bench.events).toEqual([
      expect.objectContaining({ ...known, stage: "started" }),
      expect.objectContaining({ ...known, stage: "succeeded" }),
    ]);
  });

  test("is recorded once when it only reads", async () => {
    const { operation } = operationWith({ effect: "read" });
    const bench = openBench({ operations: [operation] });
    await bench.perform("thing_do", {});
    expect(stages(bench.events)).toEqual(["read"]);
  });

  test("has the input's digest in the log, and nothing of the input", async () => {
    const { operation } = operationWith();
    const bench = openBench({ operations: [operation] });
    await bench.perform("thing_do", { note: "hunter2" });
    await bench.perform("thing_do", { note: "hunter3" });
    expect(JSON.stringify(bench.events)).not.toContain("hunter");
    const digests = bench.events.map(({ inputDigest }) => inputDigest);
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(digests[0]).toBe(digests[1]);
    expect(digests[2]).not.toBe(digests[1]);
  });

  test("gets the parsed input, the caller, and where progress and output go", async () => {
    const { operation, run } = operationWith();
    const given = { progress: () => {}, output: () => {}, signal: new AbortController().signal };
    await openBench({ operations: [operation] }).perform("thing_do", {}, { caller: agent, ...given });
    expect(run).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ caller: agent, ...given }),
      { note: "none" },
      undefined,
    );
  });

  test("has an id of its own every time", async () => {
    const { operation } = operationWith();
    const bench = openBench({ operations: [operation] });
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await bench.perform("thing_do", {})).callId));
    expect(new Set(ids).size).toBe(5);
  });

  test("runs a job on the engine and passes its output on", async () => {
    const bench = openBench();
    const chunks: string[] = [];
    const outcome = await bench.perform("container_run", { image: "busybox", command: "exit 7" });
    expect(outcome).toMatchObject({ status: "done", result: { exitCode: 7 }, text: expect.stringMatching(/^exit=7 /) });
    const output = ({ stream, data }: { stream: string; data: Uint8Array }) =>
      void chunks.push(`${stream}: ${Buffer.from(data)}`);
    await bench.perform("container_run", { image: "busybox", command: "echo hello" }, { output });
    expect(chunks).toEqual(["stdout: hello\n"]);
    expect(bench.engineCalls.filter((call) => call !== "connect")).toEqual(["jobs.run", "jobs.run"]);
  });
});

describe("a call that fails", () => {
  test("is cancelled also while the engine is silent", async () => {
    const { operation } = operationWith();
    const silent = new Promise<Engine>(() => {});
    const bench = openBench({ operations: [operation], engine: silent });
    const abort = new AbortController();
    const performing = bench.perform("thing_do", {}, { signal: abort.signal });
    abort.abort();
    await expect(performing).rejects.toMatchObject({ code: "cancelled" });
    expect(bench.events).toEqual([expect.objectContaining({ stage: "failed", code: "cancelled" })]);
  });

  test("is recorded with the error's code, and the error is passed on", async () => {
    const { operation, run } = operationWith();
    const failure = new CosError("conflict", "It is in use.");
    run.mockRejectedValue(failure);
    const bench = openBench({ operations: [operation] });
    await expect(bench.perform("thing_do", {})).rejects.toBe(failure);
    expect(bench.events).toEqual([
      expect.objectContaining({ stage: "started" }),
      expect.objectContaining({ stage: "failed", code: "conflict" }),
    ]);
  });

  test("is internal when what was thrown is not an error of cos", async () => {
    const { operation, run } = operationWith();
    run.mockRejectedValue(new TypeError("a secret path"));
    const bench = openBench({ operations: [operation] });
    const error: unknown = await bench.perform("thing_do", {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "internal" });
    expect(JSON.stringify(error)).not.toContain("a secret path");
    expect(stages(bench.events)).toEqual(["started", "failed"]);
  });

  test("is recorded as unknown when the answer was lost", async () => {
    const { operation, run } = operationWith();
    run.mockRejectedValue(new CosError("unavailable", "The connection broke.", { details: { unknown: true } }));
    const bench = openBench({ operations: [operation] });
    await expect(bench.perform("thing_do", {})).rejects.toMatchObject({ code: "unavailable" });
    expect(stages(bench.events)).toEqual(["started", "unknown"]);
  });

  test("is internal when the result is not what the operation promises", async () => {
    const { operation, run } = operationWith();
    run.mockResolvedValue({ answer: 42, more: "than promised" });
    const bench = openBench({ operations: [operation] });
    await expect(bench.perform("thing_do", {})).rejects.toMatchObject({ code: "internal" });
    expect(stages(bench.events)).toEqual(["started", "failed"]);
  });

  test("is recorded when the engine does not answer, and nothing runs", async () => {
    const { operation, run } = operationWith();
    const engine = new CosError("unavailable", "No container engine answers.");
    const bench = openBench({ operations: [operation], engine });
    await expect(bench.perform("thing_do", {})).rejects.toBe(engine);
    expect(run).not.toHaveBeenCalled();
    expect(bench.events).toEqual([expect.objectContaining({ stage: "failed", code: "unavailable" })]);
  });
});

describe("a call that is refused", () => {
  test.each(["thing_undo", "", "THING_DO", "thing_do ", "__proto__", "constructor", "x".repeat(10_000)])(
    "as unknown: %j is denied, recorded once, and the engine hears nothing",
    async (name) => {
      const { operation, run } = operationWith();
      const bench = openBench({ operations: [operation] });
      expect(await bench.perform(name, {})).toMatchObject({ status: "denied", rule: "unknown-operation" });
      expect(bench.events).toEqual([
        expect.objectContaining({ stage: "denied", operation: name, rule: "unknown-operation" }),
      ]);
      expect(bench.engineCalls).toEqual([]);
      expect(run).not.toHaveBeenCalled();
    },
  );

  test("as unknown when its caller is not offered it", async () => {
    const { operation, run } = operationWith();
    const bench = openBench({ operations: [operation] });
    const offered = new Set(["thing_undo"]);
    expect(await bench.perform("thing_do", {}, { offered })).toMatchObject({ rule: "unknown-operation" });
    expect(bench.events).toMatchObject([{ stage: "denied", operation: "thing_do", rule: "unknown-operation" }]);
    expect(run).not.toHaveBeenCalled();
    expect(await bench.perform("thing_do", {}, { offered: new Set(["thing_do"]) })).toMatchObject({ status: "done" });
  });

  test.each([
    ["an extra field", { note: "x", extra: 1 }],
    ["a field of another type", { note: 5 }],
    ["a list instead of an object", ["x"]],
    ["text instead of an object", "note=x"],
    ["nothing", undefined],
    ["null", null],
    ["a field that changes prototypes", JSON.parse('{"__proto__": {"note": "x"}}')],
  ])("as not valid: %s is recorded once, and the engine hears nothing", async (_, input) => {
    const { operation, run } = operationWith();
    const bench = openBench({ operations: [operation] });
    await expect(bench.perform("thing_do", input)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("input of thing_do"),
      details: { issues: expect.any(Array) },
    });
    expect(bench.events).toEqual([
      expect.objectContaining({ stage: "denied", rule: "invalid-call", code: "invalid_argument" }),
    ]);
    expect(bench.engineCalls).toEqual([]);
    expect(run).not.toHaveBeenCalled();
  });

  test("for an engine that there is not: says which there are", async () => {
    const { operation } = operationWith();
    const bench = openBench({ operations: [operation] });
    const error: unknown = await bench.perform("thing_do", {}, { engine: "prod" }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "not_found", hint: "There is: memory" });
    expect(bench.events).toEqual([expect.objectContaining({ stage: "denied", engine: "prod", code: "not_found" })]);
  });

  test("by policy: answers with the rule and the reason, and does not run", async () => {
    const { operation, run } = operationWith();
    const bench = openBench({ operations: [operation], policy: deny });
    const outcome = await bench.perform("thing_do", {});
    expect(outcome).toMatchObject({ status: "denied", rule: "no-things", reason: "Things are not done here." });
    expect(bench.events).toEqual([
      expect.objectContaining({ callId: outcome.callId, stage: "denied", rule: "no-things" }),
    ]);
    expect(bench.engineCalls.filter((call) => call !== "connect")).toEqual([]);
    expect(run).not.toHaveBeenCalled();
  });
});

/** Allows everything, and tells what it was asked. */
function watched(onQuestion: (question: Question) => void): Policy {
  const policy = definePolicy([allowAll]);
  return {
    ...policy,
    decide(question) {
      onQuestion(question);
      return policy.decide(question);
    },
  };
}

describe("the policy", () => {
  test("is asked about the resolved target, and about what the input asks for", async () => {
    const questions: Question[] = [];
    const steps: string[] = [];
    const asks = { network: "bridge", ports: ["8080:80"], volumes: [], hostPaths: [], profile: "service" };
    const { operation } = operationWith({
      target: async () => {
        steps.push("target");
        return container;
      },
      asks: () => asks,
    });
    const policy = watched((question) => {
      steps.push("decide");
      questions.push(question);
    });
    await openBench({ operations: [operation], policy }).perform("thing_do", {}, { caller: agent });
    expect(steps).toEqual(["target", "target", "decide"]);
    expect(questions).toEqual([
      {
        operation: "thing_do",
        effect: "mutate",
        engine: "memory",
        callerKind: "stdio",
        callerName: "agent",
        targetKind: "container",
        targetOwnership: "other",
        targetOwner: "user",
        targetName: "cos-web",
        targetImage: undefined,
        ...asks,
      },
    ]);
  });

  test("is not asked when there is no such target: the call fails, recorded once", async () => {
    const decide = vi.fn<Policy["decide"]>();
    const { operation, run } = operationWith({
      target: () => Promise.reject(new CosError("not_found", "There is no such container.")),
    });
    const bench = openBench({ operations: [operation], policy: watched(decide) });
    await expect(bench.perform("thing_do", {})).rejects.toMatchObject({ code: "not_found" });
    expect(decide).not.toHaveBeenCalled();
    expect(run).not.toHaveBeenCalled();
    expect(bench.events).toEqual([expect.objectContaining({ stage: "failed", code: "not_found" })]);
  });

  test("has its refusal recorded with the target", async () => {
    const { operation } = operationWith({ target: async () => container });
    const bench = openBench({ operations: [operation], policy: deny });
    await bench.perform("thing_do", {});
    const { kind, id, name } = container;
    expect(bench.events).toEqual([expect.objectContaining({ stage: "denied", target: { kind, id, name } })]);
  });
});

describe("an audit log that cannot be written", () => {
  const full = new CosError("failed_precondition", "The audit log cannot be written.");
  const failingAt =
    (...failing: AuditEvent["stage"][]) =>
    ({ stage }: AuditEvent) => {
      if (failing.includes(stage)) throw full;
    };

  test("stops a change before it starts", async () => {
    const { operation, run } = operationWith();
    const bench = openBench({ operations: [operation], onRecord: failingAt("started") });
    await expect(bench.perform("thing_do", {})).rejects.toBe(full);
    expect(run).not.toHaveBeenCalled();
  });

  test("keeps a read from being answered", async () => {
    const { operation } = operationWith({ effect: "read" });
    await expect(
      openBench({ operations: [operation], onRecord: failingAt("read") }).perform("thing_do", {}),
    ).rejects.toBe(full);
  });

  test("does not turn a refusal into anything else", async () => {
    const { operation, run } = operationWith();
    const bench = openBench({ operations: [operation], policy: deny, onRecord: failingAt("denied") });
    for (const [name, input] of [
      ["thing_do", {}],
      ["thing_do", { extra: 1 }],
      ["nothing", {}],
    ] as const) {
      await expect(bench.perform(name, input)).rejects.toBe(full);
    }
    expect(run).not.toHaveBeenCalled();
  });

  test("never has a change that succeeded recorded as one that failed", async () => {
    const { operation } = operationWith();
    const bench = openBench({ operations: [operation], onRecord: failingAt("succeeded") });
    await expect(bench.perform("thing_do", {})).rejects.toBe(full);
    expect(stages(bench.events)).toEqual(["started"]);
  });
});

test("a cancelled call is recorded as failed with that code", async () => {
  const { operation } = operationWith({ run: async ({ signal }) => signal.throwIfAborted() });
  const bench = openBench({ operations: [operation] });
  await expect(bench.perform("thing_do", {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "cancelled",
  });
  expect(bench.events.at(-1)).toMatchObject({ stage: "failed", code: "cancelled" });
});

test("the engine is asked first, so that it answers while the call is prepared", async () => {
  const order: string[] = [];
  const { operation } = operationWith();
  const bench = openBench({ operations: [operation], engine: {} as Engine, onRecord: () => order.push("record") });
  const performing = bench.perform("thing_do", {}, { caller: person });
  expect(bench.engineCalls).toEqual(["connect"]);
  expect(order).toEqual([]);
  await performing;
});
