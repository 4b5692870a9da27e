import { EventEmitter } from "node:events";
import fs, { appendFileSync, mkdirSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AuditFilter, ReadOptions } from "./read.ts";
import { readAuditLog } from "./read.ts";
import { newLogDirectory, sampleEvent } from "./testing/log-directory.ts";

let log: ReturnType<typeof newLogDirectory>;

beforeEach(() => {
  log = newLogDirectory();
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  log.remove();
});

const monday = "audit-20260309-cli.jsonl";
const read = (options: Omit<ReadOptions, "directory"> = {}) => readAuditLog({ directory: log.path, ...options });
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
const callIds = async (options?: Omit<ReadOptions, "directory">) => {
  const records = await all(read(options));
  return records.map(({ callId }) => callId).join(" ");
};
/** Long enough for a reader that has nothing to read to wait for something. */
const waiting = async () => {
  for (let turn = 0; turn < 200; turn += 1) await nextTurn();
};
const nextTurn = () => new Promise((resolve) => void setImmediate(resolve));
const recordAt = (time: string, callId: string, writer = "cli") => {
  log.now = new Date(time);
  log.open(writer).record(sampleEvent({ callId }));
};

describe("reading an audit log", () => {
  test("gives the records as they were written", async () => {
    log.record([
      { stage: "started", rule: "\u2028" },
      { stage: "failed", code: "conflict" },
    ]);
    expect(await all(read())).toEqual(log.records(monday));
  });

  test("gives nothing where there is no log", async () => {
    expect(await callIds()).toBe("");
    expect(await callIds({ last: 5 })).toBe("");
    log.record([]);
    expect(fs.existsSync(log.path)).toBe(false);
  });

  test("merges writers by time, and takes day after day", async () => {
    recordAt("2026-03-09T10:00:00.000Z", "1");
    recordAt("2026-03-09T10:00:00.002Z", "3");
    recordAt("2026-03-09T10:00:00.001Z", "2", "http");
    recordAt("2026-03-09T10:00:00.002Z", "4", "http");
    recordAt("2026-03-09T23:59:59.999Z", "5", "http");
    recordAt("2026-03-10T00:00:00.000Z", "6");
    recordAt("2026-03-10T00:00:00.001Z", "7", "reaper");
    recordAt("2026-03-11T00:00:00.000Z", "8", "http");
    expect(await callIds()).toBe("1 2 3 4 5 6 7 8");
  });

  test("keeps a writer's records in their order where the clock went back", async () => {
    recordAt("2026-03-09T10:00:00.000Z", "1");
    recordAt("2026-03-09T09:00:00.000Z", "2");
    recordAt("2026-03-09T11:00:00.000Z", "3");
    expect(await callIds()).toBe("1 2 3");
  });

  test("leaves out what is no record, and what is not finished", async () => {
    log.record([{ callId: "1" }, { callId: "2" }]);
    const [one, two] = log.read(monday).split("\n");
    const junk = ["", "x", "\0\0", "{}", "[]", `${one} `, "\xff", `${"x".repeat(70_000)}${one}`];
    log.write(monday, `${[...junk, one, ...junk, two, ...junk].join("\n")}\n${one}`);
    expect(await callIds()).toBe("1 2");
  });

  test("leaves out what is no file", async () => {
    log.record([{ callId: "1" }]);
    mkdirSync(log.file("audit-20260308-cli.jsonl"));
    symlinkSync(log.file(monday), log.file("audit-20260308-http.jsonl"));
    symlinkSync("nothing", log.file("audit-20260310-http.jsonl"));
    expect(await callIds()).toBe("1");
    expect(await callIds({ last: 3 })).toBe("1");
    expect(await callIds({ filter: { since: new Date("2026-03-09T00:00:00Z") } })).toBe("1");
  });

  test("fails where the log cannot be read", async () => {
    await expect(all(readAuditLog({ directory: "/dev/null" }))).rejects.toMatchObject({
      code: "failed_precondition",
      message: "The audit log cannot be read.",
      hint: expect.any(String),
    });
    log.record([{}]);
    const cause = Object.assign(new Error("EACCES"), { code: "EACCES" });
    vi.spyOn(promises, "open").mockRejectedValue(cause);
    syncBuiltinESMExports();
    await expect(all(read())).rejects.toMatchObject({ code: "failed_precondition", cause });
  });

  test("ends when its signal aborts, and closes its files", async () => {
    log.record([{ callId: "1" }, { callId: "2" }, { callId: "3" }]);
    log.record([{ callId: "4" }, { callId: "5" }], "http");
    const open = () => fs.readdirSync("/dev/fd").length;
    const before = open();
    const controller = new AbortController();
    const read: string[] = [];
    for await (const { callId } of readAuditLog({ directory: log.path, signal: controller.signal })) {
      read.push(callId);
      if (callId === "2") controller.abort();
    }
    expect(read).toEqual(["1", "2"]);
    for await (const { callId } of readAuditLog({ directory: log.path })) if (callId === "2") break;
    expect(open()).toBe(before);
    expect(await callIds({ signal: AbortSignal.abort() })).toBe("");
  });

  test("reads the same from files of any length", { timeout: 60_000 }, async () => {
    log.record([{}]);
    const [line = ""] = log.read(monday).split("\n");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 70_000 }), { maxLength: 6 }), async (lengths) => {
        log.write(monday, lengths.map((length) => `${"x".repeat(length)}\n${line}\n`).join(""));
        expect(await all(read())).toHaveLength(lengths.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe("a filter", () => {
  beforeEach(() => {
    const target = { kind: "container", id: "c0ffee11", name: "cos-web" };
    log.record([
      {
        callId: "aa-1",
        caller: { kind: "terminal", name: "ann" },
        operation: "container_run",
        stage: "started",
        target,
      },
      { callId: "ab-2", caller: { kind: "http", name: "bob" }, stage: "denied" },
      { callId: "bb-3", caller: { kind: "stdio", name: "http" }, target: { ...target, id: "beef", name: "db" } },
    ]);
  });

  test.each<[string, AuditFilter]>([
    ["aa-1 ab-2 bb-3", {}],
    ["ab-2 bb-3", { since: new Date("2026-03-09T10:00:01.000Z") }],
    ["bb-3", { since: new Date("2026-03-09T10:00:01.001Z") }],
    ["aa-1 ab-2", { until: new Date("2026-03-09T10:00:01.000Z") }],
    ["aa-1", { until: new Date("2026-03-09T10:00:00.999Z") }],
    ["aa-1", { caller: "terminal" }],
    ["aa-1", { caller: "ann" }],
    ["ab-2 bb-3", { caller: "http" }],
    ["ab-2", { caller: "http:bob" }],
    ["", { caller: "stdio:bob" }],
    ["", { caller: "an" }],
    ["", { caller: "" }],
    ["bb-3", { callerName: "http" }],
    ["", { callerName: "terminal" }],
    ["aa-1", { operation: "container_run" }],
    ["", { operation: "container" }],
    ["aa-1", { target: "web" }],
    ["aa-1", { target: "c0ff" }],
    ["", { target: "0ffee" }],
    ["aa-1 bb-3", { target: "" }],
    ["bb-3", { target: "b", callId: "b" }],
    ["ab-2 bb-3", { stages: ["denied", "read"] }],
    ["", { stages: [] }],
    ["aa-1 ab-2", { callId: "a" }],
    ["ab-2", { callId: "ab-2" }],
    ["", { callId: "2" }],
    ["", { caller: "ann", stages: ["denied"] }],
  ])("lets through [%s] for %o", async (expected, filter) => {
    expect(await callIds({ filter })).toBe(expected);
    expect(await callIds({ filter, last: 10 })).toBe(expected);
  });
});

describe("the newest records", () => {
  beforeEach(() => {
    recordAt("2026-03-09T10:00:00.000Z", "1");
    recordAt("2026-03-09T11:00:00.000Z", "2", "http");
    recordAt("2026-03-10T10:00:00.000Z", "3");
    recordAt("2026-03-10T10:00:01.000Z", "4", "http");
    recordAt("2026-03-10T10:00:02.000Z", "5");
    recordAt("2026-03-11T10:00:00.000Z", "6", "http");
  });

  test.each([
    [0, ""],
    [1, "6"],
    [2, "5 6"],
    [3, "4 5 6"],
    [4, "3 4 5 6"],
    [5, "2 3 4 5 6"],
    [6, "1 2 3 4 5 6"],
    [7, "1 2 3 4 5 6"],
  ])("%i of them", async (last, expected) => expect(await callIds({ last })).toBe(expected));

  test("are counted after the filter", async () => {
    expect(await callIds({ last: 2, filter: { until: new Date("2026-03-10T10:00:00.500Z") } })).toBe("2 3");
  });

  test("are found without reading older days", async () => {
    const opened = vi.spyOn(promises, "open");
    syncBuiltinESMExports();
    expect(await callIds({ last: 3 })).toBe("4 5 6");
    expect(opened.mock.calls.map(([path]) => String(path)).sort()).toEqual([
      log.file("audit-20260310-cli.jsonl"),
      log.file("audit-20260310-http.jsonl"),
      log.file("audit-20260311-http.jsonl"),
    ]);
  });
});

describe("records since a time", () => {
  const since = new Date("2026-03-10T12:00:00.000Z");
  const long = "x".repeat(200);

  test("are sought at the end of older days' files only", async () => {
    for (let index = 0; index < 60; index += 1) recordAt("2026-03-09T10:00:00.000Z", long);
    recordAt("2026-03-10T12:00:00.000Z", "new");
    const size = log.read(monday).length;
    const reads: unknown[] = [];
    const { open } = promises;
    vi.spyOn(promises, "open").mockImplementation(async (path, ...more) => {
      const file = await open(path, ...more);
      const read = file.read.bind(file) as (...args: unknown[]) => unknown;
      vi.spyOn(file, "read").mockImplementation(((...args: unknown[]) => {
        if (path === log.file(monday)) reads.push(args[3]);
        return read(...args);
      }) as never);
      return file;
    });
    syncBuiltinESMExports();
    expect(await callIds({ filter: { since } })).toBe("new");
    expect(reads[0]).toBe(size - 16 * 1024);
    expect(Math.min(...(reads as number[]))).toBe(size - 16 * 1024);
  });

  test("are found where an older day's file was closed after it", async () => {
    recordAt("2026-03-09T10:00:00.000Z", "old");
    appendFileSync(log.file(monday), "{");
    recordAt("2026-03-10T12:00:00.000Z", "new");
    const stages = await all(read({ filter: { since } }));
    expect(stages.map(({ stage }) => stage)).toEqual(["recovered", "read"]);
  });

  test("are not found in a newer day's file when the clock went back", async () => {
    recordAt("2026-03-11T10:00:00.000Z", "ahead");
    recordAt("2026-03-10T11:00:00.000Z", "before");
    recordAt("2026-03-10T13:00:00.000Z", "after");
    expect(await callIds({ filter: { since } })).toBe("ahead after");
  });

  test("are found on the day itself", async () => {
    recordAt("2026-03-10T11:59:59.999Z", "before");
    recordAt("2026-03-10T12:00:00.000Z", "then");
    // However much comes after it when the clock went back.
    for (let index = 0; index < 60; index += 1) recordAt("2026-03-10T11:00:00.000Z", long);
    expect(await callIds({ filter: { since } })).toBe("then");
  });
});

describe("following", () => {
  let controller: AbortController;

  beforeEach(() => {
    controller = new AbortController();
  });
  afterEach(async () => {
    controller.abort();
    await stop();
  });

  let stop: () => Promise<unknown> = async () => {};
  /** The next call's id, each time. */
  function follow(options: Omit<ReadOptions, "directory"> = {}) {
    const records = read({ follow: true, signal: controller.signal, ...options })[Symbol.asyncIterator]();
    stop = async () => records.return?.();
    return async () => {
      const result = await records.next();
      return result.done === true ? "end" : result.value.callId;
    };
  }

  test("gives what is there, then what is written, until the signal aborts", async () => {
    log.record([{ callId: "1" }]);
    const next = follow();
    expect(await next()).toBe("1");
    const second = next();
    log.record([{ callId: "2" }, { callId: "3" }]);
    expect(await second).toBe("2");
    expect(await next()).toBe("3");
    const last = next();
    await waiting();
    controller.abort();
    expect(await last).toBe("end");
  });

  test("goes on with the files of new days and new writers", async () => {
    recordAt("2026-03-09T10:00:00.000Z", "1");
    const next = follow();
    expect(await next()).toBe("1");
    for (const [time, callId, writer] of [
      ["2026-03-09T11:00:00.000Z", "2", "http"],
      ["2026-03-10T10:00:00.000Z", "3", "cli"],
      ["2026-03-10T10:00:01.000Z", "4", "http"],
      ["2026-03-10T10:00:02.000Z", "5", "reaper"],
    ] as const) {
      const record = next();
      recordAt(time, callId, writer);
      expect(await record).toBe(callId);
    }
  });

  test("misses nothing that is written while it reads", async () => {
    log.record([{ callId: "1" }, { callId: "2" }]);
    const next = follow();
    expect(await next()).toBe("1");
    log.record([{ callId: "3" }]);
    log.record([{ callId: "4" }], "http");
    expect([await next(), await next(), await next()]).toEqual(["2", "3", "4"]);
  });

  test("begins with the newest", async () => {
    recordAt("2026-03-09T10:00:00.000Z", "1");
    recordAt("2026-03-09T10:00:01.000Z", "2", "http");
    recordAt("2026-03-10T10:00:00.000Z", "3");
    recordAt("2026-03-10T10:00:01.000Z", "4");
    const next = follow({ last: 1 });
    expect(await next()).toBe("4");
    // Something happens to a file that was not read: it counts as read up to its end.
    const first = next();
    appendFileSync(log.file(monday), "x\n");
    recordAt("2026-03-10T10:00:02.000Z", "5");
    expect(await first).toBe("5");
  });

  test.each([{ last: 0 }, { last: 0, filter: { since: new Date("2026-03-10T00:00:00.000Z") } }])(
    "gives only what is new with %o",
    async (options) => {
      recordAt("2026-03-09T10:00:00.000Z", "old");
      recordAt("2026-03-10T10:00:00.000Z", "old");
      let first = "";
      const reading = follow(options)().then((callId) => (first = callId));
      // What is written before the files were read once is not new.
      while (first === "") {
        appendFileSync(log.file(monday), "x\n");
        recordAt("2026-03-10T10:00:01.000Z", "new");
        await nextTurn();
      }
      expect(await reading).toBe("new");
    },
  );

  test("heeds the filter", async () => {
    log.record([{ callId: "1", stage: "started" }, { callId: "2" }]);
    const next = follow({ filter: { stages: ["started"] } });
    expect(await next()).toBe("1");
    const second = next();
    log.record([{ callId: "3" }, { callId: "4", stage: "started" }]);
    expect(await second).toBe("4");
  });

  test("waits for the end of a line", async () => {
    log.record([{ callId: "1" }]);
    const begun = log.read(monday).length;
    const next = follow();
    expect(await next()).toBe("1");
    log.record([{ callId: "2" }]);
    const whole = log.read(monday);
    truncateSync(log.file(monday), begun);
    const second = next();
    appendFileSync(log.file(monday), whole.slice(begun, -1));
    log.record([{ callId: "3" }], "http");
    expect(await second).toBe("3");
    const third = next();
    appendFileSync(log.file(monday), "\n");
    expect(await third).toBe("2");
  });

  test("goes on after lines that are no records, however long", async () => {
    log.record([{ callId: "1" }]);
    const next = follow();
    expect(await next()).toBe("1");
    const second = next();
    const [line] = log.read(monday).split("\n");
    appendFileSync(log.file(monday), "x".repeat(100_000));
    appendFileSync(log.file(monday), `${"x".repeat(100_000)}\n${line}\n`);
    expect(await second).toBe("1");
    const third = next();
    appendFileSync(log.file(monday), `${line}\n`);
    expect(await third).toBe("1");
  });

  test("reads nothing but what was written", async () => {
    log.record([{ callId: "1" }]);
    log.record([{ callId: "2" }], "http");
    const next = follow();
    expect([await next(), await next()]).toEqual(["1", "2"]);
    const opened = vi.spyOn(promises, "open");
    syncBuiltinESMExports();
    const third = next();
    for (const name of ["notes", "audit.lock.1"]) log.write(name, "x");
    log.record([{ callId: "3" }]);
    expect(await third).toBe("3");
    expect(new Set(opened.mock.calls.map(([path]) => path))).toEqual(new Set([log.file(monday)]));
  });

  test("ends when the signal has aborted before", async () => {
    log.record([{ callId: "1" }]);
    expect(await callIds({ follow: true, signal: AbortSignal.abort() })).toBe("");
  });

  test("stops watching when nobody wants more", async () => {
    log.record([{}]);
    const watchers: EventEmitter[] = [];
    const { watch } = fs;
    vi.spyOn(fs, "watch").mockImplementation(((...args: Parameters<typeof watch>) => {
      const watcher = watch(...args);
      watchers.push(watcher);
      return watcher;
    }) as never);
    syncBuiltinESMExports();
    const closed = vi.fn<() => void>();
    for await (const _ of read({ follow: true })) {
      watchers[0]?.on("close", closed);
      break;
    }
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });

  test("needs a directory", async () => {
    await expect(follow()()).rejects.toMatchObject({
      code: "failed_precondition",
      message: "The audit log cannot be followed.",
      hint: expect.stringContaining("made with the first record"),
    });
  });

  test("looks at all files where the system does not say which one changed", async () => {
    log.record([{ callId: "1" }]);
    const watcher = Object.assign(new EventEmitter(), { close: () => watcher.emit("close") });
    vi.spyOn(fs, "watch").mockReturnValue(watcher as never);
    syncBuiltinESMExports();
    const next = follow();
    expect(await next()).toBe("1");
    const second = next();
    log.record([{ callId: "2" }], "http");
    watcher.emit("change", "change", null);
    expect(await second).toBe("2");
    const third = next();
    const error = new Error("EIO");
    await waiting();
    watcher.emit("error", error);
    await expect(third).rejects.toMatchObject({
      code: "failed_precondition",
      message: "The audit log cannot be followed.",
      cause: error,
    });
  });
});

test("the order of the newest is the order of all", { timeout: 60_000 }, async () => {
  const step = fc.record({
    writer: fc.constantFrom("cli", "http"),
    hours: fc.integer({ min: -5, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat({ max: 12 }), async (steps, last) => {
      rmSync(log.path, { recursive: true, force: true });
      let at = Date.parse("2026-03-09T10:00:00.000Z");
      for (const [index, { writer, hours }] of steps.entries()) {
        at += hours * 3_600_000;
        recordAt(new Date(at).toISOString(), String(index), writer);
      }
      const everything = (await callIds()).split(" ");
      expect(everything.toSorted()).toEqual([...steps.keys()].map(String).toSorted());
      expect(await callIds({ last })).toBe(last === 0 ? "" : everything.slice(-last).join(" "));
    }),
    { numRuns: 30 },
  );
});
