import fs, { rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readAuditLog } from "./read.ts";
import { key, newLogDirectory, sampleEvent, startProgram } from "./testing/log-directory.ts";

let log: ReturnType<typeof newLogDirectory>;

beforeEach(() => {
  log = newLogDirectory();
});
afterEach(() => {
  revive();
  log.remove();
});

function revive(): void {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
}

/** What a record does that another process can see. */
const effects = ["mkdirSync", "symlinkSync", "openSync", "writeSync", "fdatasyncSync", "ftruncateSync"] as const;
const laterEffects = ["fsyncSync", "renameSync", "unlinkSync"] as const;

/**
 * As if the process were killed after so many effects: none comes after that. Where the next one is a write, a part of it is
 * done.
 */
function dieAfter(effectsLeft: number, part: number): void {
  let left = effectsLeft;
  for (const name of [...effects, ...laterEffects]) {
    const real = fs[name] as (...args: unknown[]) => unknown;
    vi.spyOn(fs, name).mockImplementation(((...args: unknown[]) => {
      left -= 1;
      if (left >= 0) return real(...args);
      if (left === -1 && name === "writeSync") {
        const text = String(args[1]);
        real(args[0], text.slice(0, Math.floor(part * text.length)), null, "latin1");
      }
      throw new Error("killed");
    }) as never);
  }
  syncBuiltinESMExports();
}

async function callIds(): Promise<string[]> {
  const found: string[] = [];
  for await (const { callId } of readAuditLog({ directory: log.path })) if (callId !== "") found.push(callId);
  return found;
}

describe("a process that is killed while it records", () => {
  const life = fc.record({
    /** How many records it has made when it begins the one that it does not survive. */
    records: fc.nat({ max: 2 }),
    effects: fc.nat({ max: 16 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    stage: fc.constantFrom("started", "read"),
    hours: fc.constantFrom(0, 0, 0, 30, -5),
  });

  test("at any point loses no record it was told of, and the next one goes on", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 5 }), async (lives) => {
        rmSync(log.path, { recursive: true, force: true });
        const acknowledged: string[] = [];
        const begun: string[] = [];
        const record = (stage: "started" | "read") => {
          const callId = String(begun.length);
          begun.push(callId);
          log.open().record(sampleEvent({ callId, stage }));
          acknowledged.push(callId);
        };
        for (const { records, effects, part, stage, hours } of lives) {
          for (let made = 0; made < records; made += 1) record(stage);
          log.now = new Date(log.now.getTime() + hours * 3_600_000);
          dieAfter(effects, part);
          try {
            record(stage);
          } catch (error) {
            expect(error).toMatchObject({ code: "failed_precondition" });
          }
          revive();
          // The lock of a dead process is taken over; this one lives.
          rmSync(log.file("audit.lock"), { force: true });
        }
        record("read");

        const found = await callIds();
        expect(found.filter((callId) => acknowledged.includes(callId))).toEqual(acknowledged);
        expect(begun.filter((callId) => found.includes(callId))).toEqual(found);
        const { intact, findings } = await log.verify();
        expect(intact).toBe(true);
        expect(findings.filter(({ kind }) => !["torn-line", "clock-back", "no-outcome"].includes(kind))).toEqual([]);
      }),
      {
        numRuns: 150,
        // A line is torn; the record that closes it is written, and its checkpoint is not.
        examples: [
          [
            [
              { records: 1, effects: 4, part: 0.003, stage: "started" as const, hours: 0 },
              { records: 0, effects: 5, part: 0, stage: "started" as const, hours: 0 },
              { records: 0, effects: 0, part: 0, stage: "started" as const, hours: 0 },
            ],
          ],
        ],
      },
    );
  });

  const program = `
    const [directory, writer, key, name, count] = args;
    const log = openAuditLog({ directory, writer, key: () => Buffer.from(key, "hex") });
    const event = { operation: "job_run", engine: "local", caller: { kind: "script", name: "crash" } };
    for (let i = 0; i < Number(count); i++) {
      const callId = name + "-" + i;
      log.record({ ...event, callId, stage: "started" });
      say(callId);
      log.record({ ...event, callId, stage: "succeeded" });
    }
  `;
  const start = (writer: string, name: string, count: number) =>
    startProgram(program, log.path, writer, key.toString("hex"), name, String(count));

  test("by a signal has left every start it was told of", { timeout: 120_000 }, async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const processes = ["cli", "cli", "http"].map((writer, index) => ({
        name: `${round}.${index}`,
        process: start(writer, `${round}.${index}`, 100_000),
      }));
      await Promise.all(
        processes.map(async ({ name, process }, index) => {
          await process.said(`${name}-${Math.floor(Math.random() * 30) + index}\n`);
          process.child.kill("SIGKILL");
          const { signal, output } = await process.ended;
          expect(signal).toBe("SIGKILL");
          acknowledged.push(...output.split("\n").slice(0, -1));
        }),
      );
    }
    log.now = new Date();
    log.record([{ callId: "last" }]);
    log.record([{ callId: "last" }], "http");

    const { intact, findings } = await log.verify();
    expect(findings.filter(({ kind }) => kind !== "no-outcome" && kind !== "torn-line")).toEqual([]);
    expect(intact).toBe(true);
    expect(acknowledged.length).toBeGreaterThanOrEqual(12);
    const found = new Set(await callIds());
    expect(acknowledged.filter((callId) => !found.has(callId))).toEqual([]);
    // Of each process at most the change that it was killed in has no outcome.
    expect(findings.filter(({ kind }) => kind === "no-outcome").length).toBeLessThanOrEqual(12);
  });

  test(
    "is no matter to others: four write as one writer and two as others, at once",
    { timeout: 120_000 },
    async () => {
      const writers = ["cli", "cli", "cli", "cli", "http", "stdio"];
      const ended = await Promise.all(writers.map((writer, index) => start(writer, String(index), 50).ended));
      expect(ended.map(({ code }) => code)).toEqual(writers.map(() => 0));
      expect(await log.verify()).toMatchObject({ intact: true, records: 600, findings: [] });
      expect(log.names().every((name) => /^(audit-\d{8}-(cli|http|stdio)\.jsonl|heads\.json)$/.test(name))).toBe(true);
      for (const index of writers.keys()) {
        const own = (await callIds()).filter((callId) => callId.startsWith(`${index}-`));
        expect(own).toEqual(Array.from({ length: 100 }, (_, i) => `${index}-${Math.floor(i / 2)}`));
      }
    },
  );
});
