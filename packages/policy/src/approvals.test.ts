import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Approval, type ApprovalChange, type ApprovalSubject, createApprovals } from "./approvals.ts";
import type { Binding } from "./binding.ts";

const restart: Binding = {
  caller: { kind: "stdio", name: "agent" },
  operation: "container_restart",
  engine: "local",
  target: { kind: "container", id: "a".repeat(64), stateDigest: "s1" },
  inputDigest: "i1",
  previewDigest: "p1",
  policyVersion: "v1",
};
const changedTarget: Binding = { ...restart, target: { kind: "container", id: "a".repeat(64), stateDigest: "s2" } };
const ofAnother: Binding = { ...restart, caller: { kind: "stdio", name: "other" } };
const overHttp: Binding = { ...restart, caller: { kind: "http", name: "agent" } };

const subject: ApprovalSubject = {
  text: "Restart cos-web.",
  changes: { container: "cos-web" },
  rule: "changes-need-a-person",
  reason: "It changes something that runs.",
  input: { container: "web" },
  callId: "call-1",
};
const yes = { approved: true, approver: "ann" };
const no = { approved: false, approver: "ann", comment: "not on a Friday" };

function clock() {
  let time = 1000;
  return { now: () => time, advance: (ms: number) => void (time += ms) };
}

function request(approvals: ReturnType<typeof createApprovals>, binding = restart): Approval {
  const approval = approvals.request(binding, subject);
  if (approval === undefined) throw new Error("there was no room for the request");
  return approval;
}

describe("a request for approval", () => {
  const noon = new Date("2026-03-01T12:00:00.000Z");

  test("says all that a person needs to know, and who may use it and until when", () => {
    const approvals = createApprovals({ today: () => noon });
    expect(request(approvals)).toEqual({
      ...subject,
      reference: expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{8}$/),
      binding: restart,
      state: "pending",
      requestedAt: noon,
      expiresAt: new Date("2026-03-01T12:15:00.000Z"),
    });
  });

  test("is made once for the same call, and anew for every other", () => {
    const approvals = createApprovals();
    const { reference } = request(approvals);
    expect(request(approvals, structuredClone(restart)).reference).toBe(reference);
    const others = [changedTarget, ofAnother, overHttp].map((binding) => request(approvals, binding).reference);
    expect(new Set([reference, ...others]).size).toBe(4);
    expect(approvals.list().map((approval) => approval.reference)).toEqual([reference, ...others]);
  });

  test("is found by its reference, and looking makes none", () => {
    const approvals = createApprovals();
    expect(approvals.list()).toEqual([]);
    const approval = request(approvals);
    expect(approvals.list()).toEqual([approval]);
    expect(approvals.get(approval.reference)).toBe(approval);
    expect(approvals.get(approval.reference.slice(0, 7))).toBeUndefined();
  });

  test("approves nothing until a person says so, and then once", () => {
    const approvals = createApprovals({ today: () => noon });
    const { reference } = request(approvals);
    expect(approvals.consume(restart)).toBeUndefined();
    const approved = approvals.decide(reference, yes);
    expect(approved).toMatchObject({
      state: "approved",
      approver: "ann",
      expiresAt: new Date("2026-03-01T12:05:00.000Z"),
    });
    expect(approvals.list()).toEqual([]);
    expect(request(approvals)).toBe(approved);
    for (const other of [changedTarget, ofAnother, overHttp]) expect(approvals.consume(other)).toBeUndefined();
    expect(approvals.consume(restart)).toBe(approved);
    expect(approvals.consume(restart)).toBeUndefined();
    expect(request(approvals).reference).not.toBe(reference);
  });

  test("that was denied is answered so again, until the decision is old", () => {
    const { now, advance } = clock();
    const approvals = createApprovals({ now });
    const { reference } = request(approvals);
    approvals.decide(reference, no);
    expect(approvals.consume(restart)).toBeUndefined();
    advance(299_999);
    expect(request(approvals)).toMatchObject({ reference, state: "denied", comment: "not on a Friday" });
    advance(1);
    expect(request(approvals)).toMatchObject({ state: "pending" });
    expect(request(approvals).reference).not.toBe(reference);
  });

  test("that was handed out before does not change with the decision", () => {
    const approvals = createApprovals();
    const asked = request(approvals);
    approvals.decide(asked.reference, yes);
    expect(asked.state).toBe("pending");
  });

  test.each([yes, no])("is decided once: %o", (first) => {
    const approvals = createApprovals();
    const { reference } = request(approvals);
    const decided = approvals.decide(reference, first);
    for (const again of [yes, no]) {
      expect(() => approvals.decide(reference, again)).toThrow(expect.objectContaining({ code: "conflict" }));
    }
    expect(approvals.get(reference)).toBe(decided);
  });

  test.each(["", "nothing1", "constructor"])("that does not exist cannot be decided: %j", (reference) => {
    const approvals = createApprovals();
    request(approvals);
    expect(() => approvals.decide(reference, yes)).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("can be decided until just before its time is over", () => {
    for (const [afterMs, good] of [
      [899_999, true],
      [900_000, false],
    ] as const) {
      const { now, advance } = clock();
      const approvals = createApprovals({ now });
      const { reference } = request(approvals);
      advance(afterMs);
      if (good) expect(approvals.decide(reference, yes).state).toBe("approved");
      else expect(() => approvals.decide(reference, yes)).toThrow(expect.objectContaining({ code: "not_found" }));
    }
  });

  test("that was approved can be used until just before the decision is old", () => {
    for (const [afterMs, good] of [
      [299_999, true],
      [300_000, false],
    ] as const) {
      const { now, advance } = clock();
      const approvals = createApprovals({ now });
      approvals.decide(request(approvals).reference, yes);
      advance(afterMs);
      expect(approvals.consume(restart) !== undefined).toBe(good);
    }
  });

  test("is not made for a caller that has too many open, decided ones counted", () => {
    const approvals = createApprovals({ perCaller: 2 });
    const { reference } = request(approvals);
    request(approvals, changedTarget);
    approvals.decide(reference, yes);
    const third = { ...restart, inputDigest: "i3" };
    expect(approvals.request(third, subject)).toBeUndefined();
    expect(request(approvals).reference).toBe(reference);
    expect(approvals.request(ofAnother, subject)).toBeDefined();
    expect(approvals.request(overHttp, subject)).toBeDefined();
    approvals.consume(restart);
    expect(approvals.request(third, subject)).toBeDefined();
  });

  test("is not made when there are too many in all, and drops nobody else's", () => {
    const approvals = createApprovals({ inAll: 3 });
    const { reference } = request(approvals);
    for (let attempt = 0; attempt < 1000; attempt++) {
      approvals.request({ ...restart, caller: { kind: "http", name: `n${attempt}` } }, subject);
    }
    expect(approvals.list().length).toBe(3);
    expect(approvals.get(reference)).toBeDefined();
  });
});

describe("waiting for a decision", () => {
  afterEach(() => void vi.useRealTimers());

  test.each([
    [yes, "approved"],
    [no, "denied"],
  ] as const)("ends with it, for all who wait: %o", async (decision, how) => {
    const approvals = createApprovals();
    const { reference } = request(approvals);
    const waiting = [approvals.settled(reference), approvals.settled(reference)];
    approvals.decide(reference, decision);
    expect(await Promise.all(waiting)).toEqual([how, how]);
    expect(await approvals.settled(reference)).toBe(how);
  });

  test("ends when the time is over, also when nobody looks", async () => {
    vi.useFakeTimers();
    const approvals = createApprovals();
    const { reference } = request(approvals);
    const settled = approvals.settled(reference);
    const seen: string[] = [];
    approvals.watch((approval, what) => seen.push(`${approval.reference} ${what}`));
    vi.advanceTimersByTime(899_999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual([`${reference} expired`]);
    expect(await settled).toBe("expired");
    expect(await approvals.settled(reference)).toBe("expired");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ends in time also when the time is longer than a timer can be", async () => {
    vi.useFakeTimers();
    const days = 60;
    const approvals = createApprovals({ ttlSeconds: days * 86_400 });
    const { reference } = request(approvals);
    vi.advanceTimersByTime(days * 86_400_000 - 1);
    expect(approvals.get(reference)).toBeDefined();
    const settled = approvals.settled(reference);
    vi.advanceTimersByTime(1);
    expect(await settled).toBe("expired");
  });

  test("counts a request that nobody knows as expired", async () => {
    expect(await createApprovals().settled("nothing1")).toBe("expired");
  });

  test("can be cancelled, before and meanwhile, and leaves the request as it is", async () => {
    const approvals = createApprovals();
    const { reference } = request(approvals);
    await expect(approvals.settled(reference, AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
    const stop = new AbortController();
    const one = approvals.settled(reference, stop.signal);
    const other = approvals.settled(reference);
    stop.abort();
    await expect(one).rejects.toMatchObject({ code: "cancelled" });
    approvals.decide(reference, yes);
    expect(await other).toBe("approved");
  });

  test("does not keep a process alive", async () => {
    const module = pathToFileURL(join(import.meta.dirname, "approvals.ts")).href;
    const script = `
      const { createApprovals } = await import(${JSON.stringify(module)});
      const approvals = createApprovals();
      approvals.request(${JSON.stringify(restart)}, ${JSON.stringify(subject)});
      process.stdout.write("ends");
    `;
    const options = ["--conditions=@cos/source", "--input-type=module", "-e", script];
    expect((await promisify(execFile)(process.execPath, options)).stdout).toBe("ends");
  });
});

describe("watching requests", () => {
  test("tells everything that happens, in order, until it is ended", () => {
    const { now, advance } = clock();
    const approvals = createApprovals({ now });
    const seen: [ApprovalChange, string][] = [];
    const stop = approvals.watch((approval, what) => seen.push([what, approval.state]));
    const { reference } = request(approvals);
    request(approvals);
    approvals.decide(reference, yes);
    approvals.consume(restart);
    approvals.decide(request(approvals, ofAnother).reference, no);
    advance(300_000);
    approvals.list();
    expect(seen).toEqual([
      ["requested", "pending"],
      ["approved", "approved"],
      ["used", "approved"],
      ["requested", "pending"],
      ["denied", "denied"],
      ["expired", "denied"],
    ]);
    stop();
    request(approvals);
    expect(seen.length).toBe(6);
  });

  test("shows the state that is told already", () => {
    const approvals = createApprovals();
    const states: unknown[] = [];
    approvals.watch(({ reference }, what) => states.push([what, approvals.get(reference)?.state]));
    approvals.decide(request(approvals).reference, yes);
    approvals.consume(restart);
    expect(states).toEqual([
      ["requested", "pending"],
      ["approved", "approved"],
      ["used", undefined],
    ]);
  });

  test("is ended by each listener for itself, also when the same function watches twice", () => {
    const approvals = createApprovals();
    const onChange = vi.fn();
    const stop = approvals.watch(onChange);
    approvals.watch(onChange);
    request(approvals);
    expect(onChange).toHaveBeenCalledTimes(2);
    stop();
    stop();
    request(approvals, ofAnother);
    expect(onChange).toHaveBeenCalledTimes(3);
  });
});

describe("requests, whatever happens in whatever order", () => {
  const bindings = [restart, changedTarget, ofAnother, overHttp, { ...restart, inputDigest: "i2" }];
  const binding = fc.nat({ max: bindings.length - 1 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("request" as const), binding }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("decide" as const), note: fc.nat(), approved: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("consume" as const), binding }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("wait for" as const), note: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("let pass" as const),
        ms: fc.oneof(fc.constantFrom(0, 1, 4_999, 5_000, 9_999, 10_000), fc.nat({ max: 20_000 })),
      }),
    },
  );

  interface Note {
    readonly reference: string;
    readonly binding: number;
    state: "pending" | "approved" | "denied";
    expiresAt: number;
    gone: boolean;
    became: "approved" | "denied" | "expired" | undefined;
  }

  test("do what a list of notes says they should, and each is used at most once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, perCaller, inAll) => {
          const { now, advance } = clock();
          const approvals = createApprovals({ now, ttlSeconds: 10, decidedTtlSeconds: 5, perCaller, inAll });
          const notes: Note[] = [];
          const waits: { readonly note: Note; readonly how: Promise<string>; ended: boolean }[] = [];
          const isOpen = (note: Note) => !note.gone && now() < note.expiresAt;
          const openFor = (binding: number) => notes.find((note) => isOpen(note) && note.binding === binding);
          const callerOf = (binding: number) => JSON.stringify(bindings[binding]?.caller);
          const told: string[] = [];
          approvals.watch(({ reference }, what) => told.push(`${reference} ${what}`));

          for (const step of steps) {
            if (step.do === "let pass") {
              advance(step.ms);
              for (const note of notes) if (!isOpen(note)) note.became ??= "expired";
            } else if (step.do === "request") {
              const found = openFor(step.binding);
              const open = notes.filter(isOpen);
              const mine = open.filter((note) => callerOf(note.binding) === callerOf(step.binding));
              const asked = approvals.request(bindings[step.binding] as Binding, subject);
              if (found !== undefined) {
                expect(asked).toMatchObject({ reference: found.reference, state: found.state });
              } else if (mine.length >= perCaller || open.length >= inAll) {
                expect(asked).toBeUndefined();
              } else {
                expect(asked?.state).toBe("pending");
                expect(notes.map(({ reference }) => reference)).not.toContain(asked?.reference);
                notes.push({
                  reference: asked?.reference ?? "",
                  binding: step.binding,
                  state: "pending",
                  expiresAt: now() + 10_000,
                  gone: false,
                  became: undefined,
                });
              }
            } else if (step.do === "consume") {
              const found = openFor(step.binding);
              const used = approvals.consume(bindings[step.binding] as Binding);
              expect(used?.reference).toBe(found?.state === "approved" ? found.reference : undefined);
              if (found?.state === "approved") found.gone = true;
            } else {
              const note = notes[step.note % Math.max(1, notes.length)];
              if (note === undefined) continue;
              if (step.do === "wait for") {
                const wait = { note, how: approvals.settled(note.reference), ended: false };
                void wait.how.then(() => (wait.ended = true));
                if (isOpen(note)) waits.push(wait);
                else expect(await wait.how).toBe("expired");
              } else {
                const decide = () => approvals.decide(note.reference, { approved: step.approved, approver: "ann" });
                if (!isOpen(note)) {
                  expect(decide).toThrow(expect.objectContaining({ code: "not_found" }));
                } else if (note.state !== "pending") {
                  expect(decide).toThrow(expect.objectContaining({ code: "conflict" }));
                } else {
                  const state = step.approved ? "approved" : "denied";
                  expect(decide()).toMatchObject({ state });
                  Object.assign(note, { state, expiresAt: now() + 5_000, became: state });
                }
              }
            }
            const waiting = notes.filter((note) => isOpen(note) && note.state === "pending");
            expect(approvals.list().map(({ reference }) => reference)).toEqual(
              waiting.map(({ reference }) => reference),
            );
            for (const note of notes) {
              expect(approvals.get(note.reference)?.state).toBe(isOpen(note) ? note.state : undefined);
            }
          }
          await Promise.resolve();
          for (const { note, how, ended } of waits) {
            if (note.became === undefined) expect(ended).toBe(false);
            else expect(await how).toBe(note.became);
          }
          expect(new Set(told).size).toBe(told.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});
