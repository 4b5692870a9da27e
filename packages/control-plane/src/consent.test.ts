import { CosError } from "@cos/core";
import { type AuditEvent, definePolicy, type Grant } from "@cos/policy";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import type { Operation, Target } from "./operation.ts";
import type { Call, Outcome } from "./perform.ts";
import { agent, type Bench, type BenchOptions, deciding, openBench, person } from "./testing/bench.ts";

const web: Target = { kind: "container", id: "a".repeat(64), name: "web", stateDigest: "first" };

/** A bench with one operation that changes one target, both of which the tests can change. */
function openWith(options: BenchOptions = {}) {
  const state = { target: web, changes: {} as Record<string, unknown>, asks: {} };
  const run = vi.fn<Operation["run"]>(async () => ({ answer: 42 }));
  const operation: Operation = {
    name: "thing_do",
    title: "Do a thing",
    description: "Does it.",
    effect: "mutate",
    input: z.strictObject({ note: z.string().default("none") }),
    output: z.strictObject({ answer: z.int() }),
    target: async () => state.target,
    asks: () => state.asks,
    preview: (_, __, target) => ({ text: `Do it to ${target?.name}.`, changes: state.changes }),
    run,
    format: () => "done",
  };
  const other: Operation = { ...operation, name: "other_do" };
  const clock = { now: 0 };
  const bench = openBench({ operations: [operation, other], now: () => clock.now, ...options });
  const perform = (more: Partial<Call> = {}, input: object = {}) =>
    bench.perform("thing_do", input, { caller: agent, ...more });
  return { bench, perform, run, state, clock };
}

const stages = (bench: Bench) => bench.events.map(({ stage }: AuditEvent) => stage);
const tokenOf = (outcome: Outcome) => (outcome.status === "confirm" ? outcome.confirmToken : "");
const refused = {
  status: "denied",
  callId: expect.any(String),
  rule: "confirm-all",
  reason: expect.stringMatching(/^The confirmation token is not good for this call/),
};

describe("a call that must be confirmed", () => {
  test("answers with a preview and a token first, and changes nothing", async () => {
    const { bench, perform, run } = openWith({ policy: deciding("confirm") });
    expect(await perform()).toEqual({
      status: "confirm",
      callId: expect.any(String),
      rule: "confirm-all",
      reason: "Everything is confirm here.",
      preview: { text: "Do it to web.", changes: {} },
      confirmToken: expect.stringMatching(/^[\w-]{22,}$/),
      expiresInSeconds: 120,
    });
    expect(run).not.toHaveBeenCalled();
    expect(stages(bench)).toEqual(["previewed"]);
  });

  test("does exactly that with the token, and the log names the call that was previewed", async () => {
    const { bench, perform, run } = openWith({ policy: deciding("confirm") });
    const previewed = await perform();
    expect(await perform({ confirmToken: tokenOf(previewed) })).toMatchObject({ status: "done" });
    expect(run).toHaveBeenCalledOnce();
    expect(bench.events.slice(1)).toEqual([
      expect.objectContaining({ stage: "started", consent: "caller", confirms: previewed.callId }),
      expect.objectContaining({ stage: "succeeded", consent: "caller", confirms: previewed.callId }),
    ]);
  });

  test.each(["person", "assumed"] as const)("is recorded as answered by: %s", async (confirmedBy) => {
    const { bench, perform } = openWith({ policy: deciding("confirm") });
    await perform({ confirmToken: tokenOf(await perform()), confirmedBy });
    expect(bench.events.at(-1)).toMatchObject({ stage: "succeeded", consent: confirmedBy });
  });

  test("is refused with a token that was used", async () => {
    const { bench, perform, run } = openWith({ policy: deciding("confirm") });
    const confirmToken = tokenOf(await perform());
    await perform({ confirmToken });
    expect(await perform({ confirmToken })).toEqual(refused);
    expect(run).toHaveBeenCalledOnce();
    expect(stages(bench)).toEqual(["previewed", "started", "succeeded", "denied"]);
  });

  test("is refused with a token that is too old, to the millisecond", async () => {
    const { perform, clock } = openWith({ policy: deciding("confirm") });
    const inTime = tokenOf(await perform());
    const late = tokenOf(await perform());
    clock.now = 119_999;
    expect(await perform({ confirmToken: inTime })).toMatchObject({ status: "done" });
    clock.now = 120_000;
    expect(await perform({ confirmToken: late })).toEqual(refused);
  });

  test.each(["", "x", "null", "../../etc/passwd", "A".repeat(100_000)])(
    "is refused with a made-up token",
    async (token) => {
      const { perform, run } = openWith({ policy: deciding("confirm") });
      await perform();
      expect(await perform({ confirmToken: token })).toEqual(refused);
      expect(run).not.toHaveBeenCalled();
    },
  );

  test.each<readonly [string, (opened: ReturnType<typeof openWith>) => Partial<Call> | void]>([
    ["another caller", () => ({ caller: { ...agent, name: "other-agent" } })],
    ["another kind of caller of that name", () => ({ caller: { ...agent, kind: "http" } })],
    ["another operation", () => ({ operation: "other_do" })],
    ["other input", () => ({ input: { note: "changed" } })],
    ["another target", ({ state }) => void (state.target = { ...web, id: "b".repeat(64) })],
    ["a target that changed", ({ state }) => void (state.target = { ...web, stateDigest: "second" })],
    ["a preview that says something else", ({ state }) => void (state.changes = { killed: 2 })],
    ["other asks", ({ state }) => void (state.asks = { network: "bridge" })],
  ])("is refused with a token for %s, which is spent", async (_, change) => {
    const opened = openWith({ policy: deciding("confirm") });
    const { perform, run, state } = opened;
    const before = { ...state };
    const confirmToken = tokenOf(await perform());
    const more = change(opened) ?? {};
    expect(await perform({ confirmToken, ...more })).toEqual(refused);
    Object.assign(state, before);
    expect(await perform({ confirmToken })).toEqual(refused);
    expect(run).not.toHaveBeenCalled();
  });

  test("is refused when a person was asked and said no, which is recorded and spends the token", async () => {
    const { perform, run, bench } = openWith({ policy: deciding("confirm") });
    const asked = await perform();
    const confirmToken = tokenOf(asked);
    const said = { status: "denied", rule: "confirm-all", reason: "A person was asked, and said no." };
    expect(await perform({ confirmToken, confirmedBy: "person", declined: true })).toMatchObject(said);
    expect(bench.events.at(-1)).toMatchObject({ stage: "denied", rule: "confirm-all", confirms: asked.callId });
    expect(await perform({ confirmToken })).toEqual(refused);
    expect(run).not.toHaveBeenCalled();
  });

  test("is not done either when a no comes with no token, or where no consent is needed", async () => {
    for (const verdict of ["confirm", "approve", "allow"] as const) {
      const { perform, run } = openWith({ policy: deciding(verdict) });
      expect(await perform({ declined: true })).toMatchObject({ status: "denied" });
      expect(run).not.toHaveBeenCalled();
    }
  });

  test("spends the token also when the call itself is wrong", async () => {
    const { perform } = openWith({ policy: deciding("confirm") });
    const confirmToken = tokenOf(await perform());
    await expect(perform({ confirmToken }, { unknown: 1 })).rejects.toMatchObject({ code: "invalid_argument" });
    expect(await perform({ confirmToken })).toEqual(refused);
  });

  test("of many at once with one token, one is done", async () => {
    const { perform, run } = openWith({ policy: deciding("confirm") });
    const confirmToken = tokenOf(await perform());
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => perform({ confirmToken })));
    expect(outcomes.filter(({ status }) => status === "done")).toHaveLength(1);
    expect(run).toHaveBeenCalledOnce();
  });

  test("is refused when its caller has too many open, and others are not", async () => {
    const { perform } = openWith({ policy: deciding("confirm") });
    const open = await Promise.all(Array.from({ length: 33 }, () => perform()));
    expect(open.filter(({ status }) => status === "confirm")).toHaveLength(32);
    expect(open.at(-1)).toMatchObject({ status: "denied", reason: expect.stringMatching(/too many/i) });
    expect(await perform({ caller: { ...agent, name: "other" } })).toMatchObject({ status: "confirm" });
  });

  test("a token that comes with a call that needs none is checked all the same", async () => {
    const { perform, run } = openWith({ policy: deciding("allow") });
    expect(await perform({ confirmToken: "made-up" })).toMatchObject({ status: "denied" });
    expect(run).not.toHaveBeenCalled();
  });
});

describe("a call that a person must approve", () => {
  const approver = { approved: true, approver: "user" };

  test("answers with a reference, and waits where people can see it", async () => {
    const onListen = vi.fn(async () => {});
    const { bench, perform, run } = openWith({ policy: deciding("approve"), onListen });
    const outcome = await perform({}, { note: "please" });
    expect(outcome).toMatchObject({
      status: "pending",
      reference: expect.any(String),
      preview: { text: "Do it to web." },
      rule: "approve-all",
    });
    expect(onListen).toHaveBeenCalledOnce();
    expect(bench.approvals.list()).toEqual([
      expect.objectContaining({ text: "Do it to web.", input: { note: "please" }, targetName: "web" }),
    ]);
    expect(bench.events).toEqual([
      expect.objectContaining({ stage: "previewed", reference: bench.approvals.list()[0]?.reference }),
    ]);
    expect(run).not.toHaveBeenCalled();
  });

  test("fails when nobody could see it", async () => {
    const unseen = new CosError("failed_precondition", "Nobody can see it.");
    const { bench, perform } = openWith({ policy: deciding("approve"), onListen: () => Promise.reject(unseen) });
    await expect(perform()).rejects.toBe(unseen);
    expect(bench.approvals.list()).toEqual([]);
    expect(stages(bench)).toEqual(["failed"]);
  });

  test("is done when it is repeated after the yes, once", async () => {
    const { bench, perform, run } = openWith({ policy: deciding("approve") });
    const pending = await perform();
    const reference = pending.status === "pending" ? pending.reference : "";
    bench.approvals.decide(reference, approver);
    expect(await perform()).toMatchObject({ status: "done" });
    expect(bench.events.at(-1)).toMatchObject({
      stage: "succeeded",
      consent: "approval",
      reference,
      approver: "user",
      confirms: pending.callId,
    });
    expect(await perform()).toMatchObject({ status: "pending" });
    expect(run).toHaveBeenCalledOnce();
  });

  test("is one request however often it is repeated", async () => {
    const { bench, perform } = openWith({ policy: deciding("approve") });
    const references = new Set<unknown>();
    for (let i = 0; i < 50; i++) references.add(((await perform()) as { reference?: string }).reference);
    expect(references.size).toBe(1);
    expect(bench.approvals.list()).toHaveLength(1);
  });

  test("is refused after a no, with what the person said", async () => {
    const { bench, perform, run } = openWith({ policy: deciding("approve") });
    const pending = await perform();
    const reference = pending.status === "pending" ? pending.reference : "";
    bench.approvals.decide(reference, { approved: false, approver: "user", comment: "not today" });
    expect(await perform()).toMatchObject({ status: "denied", reason: "A person said no: not today" });
    expect(bench.events.at(-1)).toMatchObject({ stage: "denied", reference, approver: "user" });
    expect(run).not.toHaveBeenCalled();
  });

  test.each<readonly [string, (opened: ReturnType<typeof openWith>) => Partial<Call> | void]>([
    ["another caller", () => ({ caller: { ...agent, name: "other-agent" } })],
    ["another operation", () => ({ operation: "other_do" })],
    ["other input", () => ({ input: { note: "changed" } })],
    ["a target that changed", ({ state }) => void (state.target = { ...web, stateDigest: "second" })],
    ["another target of that name", ({ state }) => void (state.target = { ...web, id: "b".repeat(64) })],
  ])("is not done for %s", async (_, change) => {
    const opened = openWith({ policy: deciding("approve") });
    const pending = await opened.perform();
    opened.bench.approvals.decide(pending.status === "pending" ? pending.reference : "", approver);
    expect(await opened.perform(change(opened) ?? {})).toMatchObject({ status: "pending" });
    expect(opened.run).not.toHaveBeenCalled();
  });

  test("is not done by any token", async () => {
    const { bench, perform, run } = openWith({ policy: deciding("approve") });
    const pending = await perform();
    const reference = pending.status === "pending" ? pending.reference : "";
    for (const confirmToken of ["", reference, pending.callId]) {
      expect(await perform({ confirmToken })).toMatchObject({ status: "denied" });
    }
    bench.approvals.decide(reference, approver);
    expect(await perform({ confirmToken: reference })).toMatchObject({ status: "denied" });
    expect(run).not.toHaveBeenCalled();
  });

  test("of many at once after one yes, one is done", async () => {
    const { bench, perform, run } = openWith({ policy: deciding("approve") });
    const pending = await perform();
    bench.approvals.decide(pending.status === "pending" ? pending.reference : "", approver);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => perform()));
    expect(outcomes.filter(({ status }) => status === "done")).toHaveLength(1);
    expect(run).toHaveBeenCalledOnce();
  });
});

describe("a standing grant", () => {
  const grant: Grant = {
    id: "g1",
    operation: "thing_do",
    targetName: "web*",
    callerName: "agent",
    uses: 1,
    used: 0,
    createdAt: "2026-01-01T00:00:00.000Z",
    expiresAt: "2999-01-01T00:00:00.000Z",
    createdBy: "user",
  };

  test.each(["confirm", "approve"] as const)("stands in for: %s", async (verdict) => {
    const { bench, perform } = openWith({ policy: deciding(verdict), grants: [grant] });
    expect(await perform()).toMatchObject({ status: "done" });
    expect(bench.events.at(-1)).toMatchObject({ consent: "grant", reference: "g1", approver: "user" });
  });

  test("lifts no denial", async () => {
    const { perform } = openWith({ policy: deciding("deny"), grants: [grant] });
    expect(await perform()).toMatchObject({ status: "denied", rule: "deny-all" });
  });

  test("does not lift read-only", async () => {
    const policy = definePolicy([{ name: "all", decision: "confirm", reason: "Ask." }], { readOnly: true });
    const { perform } = openWith({ policy, grants: [grant] });
    expect(await perform()).toMatchObject({ status: "denied", rule: "read-only" });
  });
});

describe("changes of one target", () => {
  test("happen one after the other, and each sees what the one before left", async () => {
    const { perform, run, state } = openWith({ policy: deciding("confirm") });
    const [first, second] = [tokenOf(await perform()), tokenOf(await perform())];
    run.mockImplementation(async () => {
      await Promise.resolve();
      state.target = { ...web, stateDigest: "restarted" };
      return { answer: 1 };
    });
    const outcomes = await Promise.all([perform({ confirmToken: first }), perform({ confirmToken: second })]);
    expect(outcomes.map(({ status }) => status)).toEqual(["done", "denied"]);
  });

  test("a target that was replaced while its turn came is not touched", async () => {
    const { bench, perform, run, state } = openWith();
    let looks = 0;
    Object.defineProperty(state, "target", {
      get: () => ({ ...web, id: (looks++ === 0 ? "a" : "b").repeat(64) }),
    });
    await expect(perform()).rejects.toMatchObject({ code: "conflict" });
    expect(run).not.toHaveBeenCalled();
    expect(stages(bench)).toEqual(["failed"]);
  });
});

describe("callers", () => {
  test.each(["", "a b", "-x", "x".repeat(65), "a\nb"])("cannot be called %j", async (name) => {
    const { bench, perform } = openWith();
    await expect(perform({ caller: { ...agent, name } })).rejects.toMatchObject({ code: "invalid_argument" });
    expect(stages(bench)).toEqual(["denied"]);
    expect(bench.engineCalls).toEqual([]);
  });

  test.each(["user", "cos"])("that are agents cannot be called %s", async (name) => {
    const { perform } = openWith();
    await expect(perform({ caller: { ...agent, name } })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(perform({ caller: person })).resolves.toMatchObject({ status: "done" });
  });
});
