import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Binding } from "./binding.ts";
import { createTickets, type Tickets } from "./tickets.ts";

const restart: Binding = {
  caller: { kind: "stdio", name: "agent" },
  operation: "container_restart",
  engine: "local",
  target: { kind: "container", id: "a".repeat(64), stateDigest: "s1" },
  inputDigest: "i1",
  previewDigest: "p1",
  policyVersion: "v1",
};
const otherTarget: Binding = { ...restart, target: { kind: "container", id: "b".repeat(64), stateDigest: "s1" } };
const changedTarget: Binding = { ...restart, target: { kind: "container", id: "a".repeat(64), stateDigest: "s2" } };
const ofAnother: Binding = { ...restart, caller: { kind: "stdio", name: "other" } };
const overHttp: Binding = { ...restart, caller: { kind: "http", name: "agent" } };

function clock() {
  let time = 1000;
  return { now: () => time, advance: (ms: number) => void (time += ms) };
}

function issue(tickets: ReturnType<typeof createTickets>, binding = restart, callId = "call-1"): string {
  const issued = tickets.issue(binding, callId);
  if (issued === undefined) throw new Error("no token was issued");
  return issued.token;
}

/** The call whose preview a token confirms, if it is good for the binding. */
function redeem(tickets: Tickets, token: string, binding: Binding): { readonly callId: string } | undefined {
  const ticket = tickets.redeem(token);
  return ticket?.covers(binding) === true ? { callId: ticket.callId } : undefined;
}

describe("a token", () => {
  test("is good once for what it was issued for, and tells the call that was previewed", () => {
    const tickets = createTickets();
    const token = issue(tickets);
    expect(redeem(tickets, token, structuredClone(restart))).toEqual({ callId: "call-1" });
    expect(redeem(tickets, token, restart)).toBeUndefined();
  });

  test("is 192 random bits, says nothing of the call, and says how long it is good", () => {
    const tickets = createTickets({ inAll: 200, perCaller: 200 });
    const issued = Array.from({ length: 200 }, () => tickets.issue(restart, "call-1"));
    expect(new Set(issued.map((one) => one?.token)).size).toBe(200);
    for (const one of issued)
      expect(one).toEqual({ token: expect.stringMatching(/^[\w-]{32}$/), expiresInSeconds: 120 });
  });

  test.each([
    ["another target", otherTarget],
    ["the target after it changed", changedTarget],
    ["another caller", ofAnother],
    ["a caller of the same name by another way", overHttp],
    ["another input", { ...restart, inputDigest: "i2" }],
    ["another preview", { ...restart, previewDigest: "p2" }],
    ["another policy", { ...restart, policyVersion: "v2" }],
    ["another engine", { ...restart, engine: "prod" }],
    ["another operation", { ...restart, operation: "container_remove" }],
  ])("is not good for %s, and is spent by the attempt", (_name, binding) => {
    const tickets = createTickets();
    const token = issue(tickets);
    expect(redeem(tickets, token, binding)).toBeUndefined();
    expect(redeem(tickets, token, restart)).toBeUndefined();
  });

  test("can be spent before it is known what it should be for", () => {
    const tickets = createTickets();
    const ticket = tickets.redeem(issue(tickets));
    expect(ticket?.callId).toBe("call-1");
    expect(ticket?.covers(restart)).toBe(true);
    expect(ticket?.covers(changedTarget)).toBe(false);
  });

  test("is good until just before its time is over", () => {
    for (const [afterMs, good] of [
      [0, true],
      [119_999.9, true],
      [120_000, false],
      [120_001, false],
    ] as const) {
      const { now, advance } = clock();
      const tickets = createTickets({ now });
      const token = issue(tickets);
      advance(afterMs);
      expect(redeem(tickets, token, restart) !== undefined).toBe(good);
    }
  });

  test("does not depend on the time of day", () => {
    const { now } = clock();
    const tickets = createTickets({ now });
    const token = issue(tickets);
    const realNow = Date.now;
    try {
      Date.now = () => realNow() + 10 * 365 * 86_400_000;
      expect(redeem(tickets, token, restart)).toEqual({ callId: "call-1" });
    } finally {
      Date.now = realNow;
    }
  });

  test.each([
    "",
    "x",
    "A".repeat(32),
    "A".repeat(10_000_000),
    "=".repeat(32),
    "\u0000".repeat(32),
    "constructor",
    undefined,
    null,
    12,
    {},
    ["A".repeat(32)],
  ])("that cos did not issue is not good (%#)", (garbage) => {
    const tickets = createTickets();
    const token = issue(tickets);
    expect(redeem(tickets, garbage as string, restart)).toBeUndefined();
    expect(redeem(tickets, token, restart)).toEqual({ callId: "call-1" });
  });

  test("is not good for the issuer of another process", () => {
    expect(redeem(createTickets(), issue(createTickets()), restart)).toBeUndefined();
  });

  test("is not issued to a caller that has too many open, whose own are then spent or expire", () => {
    const { now, advance } = clock();
    const tickets = createTickets({ now, perCaller: 2 });
    const first = issue(tickets);
    advance(60_000);
    issue(tickets);
    expect(tickets.issue(restart, "call-2")).toBeUndefined();
    expect(tickets.issue(ofAnother, "call-3")).toBeDefined();
    expect(tickets.issue(overHttp, "call-4")).toBeDefined();
    redeem(tickets, first, otherTarget);
    expect(tickets.issue(restart, "call-5")).toBeDefined();
    expect(tickets.issue(restart, "call-6")).toBeUndefined();
    advance(120_000);
    expect(tickets.issue(restart, "call-7")).toBeDefined();
  });

  test("is not issued when there are too many in all, and drops nobody else's", () => {
    const tickets = createTickets({ inAll: 3 });
    const token = issue(tickets, ofAnother);
    for (let attempt = 0; attempt < 10_000; attempt++) {
      tickets.issue({ ...restart, caller: { kind: "http", name: `n${attempt}` } }, "call");
    }
    expect(redeem(tickets, token, ofAnother)).toEqual({ callId: "call-1" });
  });
});

describe("tokens, whatever happens in whatever order", () => {
  const bindings = [restart, otherTarget, changedTarget, ofAnother, overHttp];
  const index = fc.nat({ max: 1000 });
  const binding = fc.nat({ max: bindings.length - 1 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("issue" as const), binding }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("redeem" as const), token: index, binding }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("redeem well" as const), token: index }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("garble" as const), token: index, at: fc.nat({ max: 31 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("wait" as const),
        ms: fc.oneof(fc.constantFrom(0, 1, 9_999, 10_000, 10_001), fc.nat({ max: 20_000 })),
      }),
    },
  );

  test("do what a list of notes says they should, and each is good at most once", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (steps, perCaller, inAll) => {
          const { now, advance } = clock();
          const tickets = createTickets({ now, ttlSeconds: 10, perCaller, inAll });
          const notes: { token: string; binding: number; callId: string; expiresAt: number; open: boolean }[] = [];
          const callerOf = (binding: number) => JSON.stringify(bindings[binding]?.caller);
          const isGood = (note: (typeof notes)[number]) => note.open && now() < note.expiresAt;
          const successes = new Map<string, number>();

          const redeemAs = (token: string, binding: number) => {
            const note = notes.find((note) => note.token === token);
            const expected = note !== undefined && isGood(note) && note.binding === binding;
            if (note !== undefined) note.open = false;
            const got = redeem(tickets, token, bindings[binding] as Binding);
            expect(got).toEqual(expected ? { callId: note.callId } : undefined);
            if (got !== undefined) successes.set(token, (successes.get(token) ?? 0) + 1);
          };

          steps.forEach((step, number) => {
            if (step.do === "wait") return advance(step.ms);
            if (step.do === "issue") {
              const good = notes.filter(isGood);
              const mine = good.filter((note) => callerOf(note.binding) === callerOf(step.binding));
              const issued = tickets.issue(bindings[step.binding] as Binding, `call-${number}`);
              expect(issued !== undefined).toBe(mine.length < perCaller && good.length < inAll);
              if (issued === undefined) return;
              const { token } = issued;
              notes.push({
                token,
                binding: step.binding,
                callId: `call-${number}`,
                expiresAt: now() + 10_000,
                open: true,
              });
              return;
            }
            const note = notes[step.token % Math.max(1, notes.length)];
            if (note === undefined) return;
            if (step.do === "redeem") return redeemAs(note.token, step.binding);
            if (step.do === "redeem well") return redeemAs(note.token, note.binding);
            const garbled = note.token.slice(0, step.at) + note.token.slice(step.at + 1);
            redeemAs(garbled, note.binding);
            redeemAs(garbled + (note.token.endsWith("A") ? "B" : "A"), note.binding);
          });
          for (const count of successes.values()) expect(count).toBe(1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
