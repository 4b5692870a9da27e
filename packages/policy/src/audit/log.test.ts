import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import fs from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openAuditLog } from "./log.ts";
import { key, newLogDirectory, sampleEvent } from "./testing/log-directory.ts";

let log: ReturnType<typeof newLogDirectory>;

beforeEach(() => {
  log = newLogDirectory();
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  log.remove();
});

const patient = { timeout: 60_000 };
const today = "audit-20260309-cli.jsonl";
const tomorrow = "audit-20260310-cli.jsonl";
const notAsLeft = (reason: string) =>
  expect.objectContaining({
    name: "CosError",
    code: "failed_precondition",
    message: "The audit log is not as cos left it.",
    hint: "Look at it with `cos audit verify`; to go on, move its directory away.",
    details: { reason },
  });
const notWritten = expect.objectContaining({
  name: "CosError",
  code: "failed_precondition",
  message: "The audit log cannot be written.",
  hint: expect.stringContaining("Make its directory writable"),
});
const sha256 = (text: string) => createHash("sha256").update(text, "latin1").digest("hex");
const record = () => log.open().record(sampleEvent());

/** As if the process ended when it opens a file for the first time. */
function failToOpen(name: string): void {
  const { openSync } = fs;
  let isDone = false;
  vi.spyOn(fs, "openSync").mockImplementation((path, ...more) => {
    if (isDone || path !== log.file(name)) return openSync(path, ...more);
    isDone = true;
    throw Object.assign(new Error("EMFILE"), { code: "EMFILE" });
  });
  syncBuiltinESMExports();
}

describe("opening an audit log", () => {
  test("neither reads nor makes anything, and asks for no key", () => {
    const key = vi.fn<() => Uint8Array>();
    openAuditLog({ directory: log.path, writer: "cli", key });
    expect(existsSync(log.path)).toBe(false);
    expect(key).not.toHaveBeenCalled();
  });

  test.each(["a", "cli", "http-1", "9", "x".repeat(64)])("takes %o for a writer", (writer) => {
    log.record([{}], writer);
    expect(log.names()).toEqual([`audit-20260309-${writer}.jsonl`, "heads.json"]);
  });

  test.each(["", "-a", "a-", "A", "a_b", "../a", "a/b", "a.b", "a\n", "x".repeat(65)])("refuses %o", (writer) => {
    expect(() => log.open(writer)).toThrow(
      expect.objectContaining({ code: "invalid_argument", hint: expect.stringContaining("1-64 lower-case letters") }),
    );
  });
});

describe("a record", () => {
  test("is a line of the file of its day and writer, after the one before it", () => {
    log.record([{ stage: "started" }, { stage: "succeeded" }]);
    const [first, second] = log.records(today);
    expect(first).toMatchObject({
      seq: 1,
      time: "2026-03-09T10:00:00.000Z",
      writer: "cli",
      stage: "started",
      prev: "0".repeat(64),
    });
    expect(second).toMatchObject({ seq: 2, time: "2026-03-09T10:00:01.000Z", stage: "succeeded", prev: first?.mac });
    expect(first).not.toHaveProperty("clockBackMs");
  });

  test("makes the directory and files for the user alone", () => {
    record();
    expect(statSync(log.path).mode & 0o777).toBe(0o700);
    expect(log.names()).toEqual([today, "heads.json"]);
    for (const name of log.names()) expect(statSync(log.file(name)).mode & 0o777).toBe(0o600);
  });

  test("is written by the system's clock, unless another is given", () => {
    const before = Date.now();
    openAuditLog({ directory: log.path, writer: "cli", key: () => key }).record(sampleEvent());
    const [name = ""] = log.names();
    const time = Date.parse(log.records(name)[0]?.time ?? "");
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  test("of a process follows those of others that share its writer", async () => {
    const [one, other] = [log.open(), log.open()];
    for (const each of [one, other, other, one]) each.record(sampleEvent());
    expect(log.records(today).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(await log.verify()).toMatchObject({ intact: true, findings: [] });
  });

  test("of another writer goes to another file, with numbers of its own", async () => {
    log.record([{}, {}]);
    log.record([{}], "http");
    log.record([{}]);
    expect(log.names()).toEqual([today, "audit-20260309-http.jsonl", "heads.json"]);
    expect(log.records("audit-20260309-http.jsonl")).toEqual([
      expect.objectContaining({ seq: 1, writer: "http", prev: "0".repeat(64) }),
    ]);
    expect(log.records(today).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(await log.verify()).toMatchObject({ intact: true, files: 2, records: 4, findings: [] });
  });

  test("that is no event is refused before anything is touched", () => {
    expect(() => log.open().record({ ...sampleEvent(), callId: 5n } as never)).toThrow(
      expect.objectContaining({ code: "failed_precondition" }),
    );
    expect(() => log.open().record(sampleEvent({ stage: "recovered" }))).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
    expect(existsSync(log.path)).toBe(false);
  });

  test.each([
    ["+012026-03-09T10:00:00.000Z", "An audit event cannot be recorded: its time is not a time."],
    ["invalid", "The audit log cannot be written."],
  ])("at the time %s is refused", (time, message) => {
    record();
    const before = log.save();
    log.now = new Date(time);
    expect(record).toThrow(expect.objectContaining({ code: "failed_precondition", message }));
    expect(log.save()).toEqual(before);
  });

  test("is on the disk before its checkpoint, which would otherwise know more than a power cut has left", () => {
    const steps: string[] = [];
    const { fdatasyncSync, fsyncSync, renameSync } = fs;
    vi.spyOn(fs, "fdatasyncSync").mockImplementation((file) => {
      steps.push("file");
      fdatasyncSync(file);
    });
    vi.spyOn(fs, "fsyncSync").mockImplementation((file) => {
      steps.push(fs.fstatSync(file).isDirectory() ? "directory" : "other");
      fsyncSync(file);
    });
    vi.spyOn(fs, "renameSync").mockImplementation((from, to) => {
      steps.push("checkpoint");
      renameSync(from, to);
    });
    syncBuiltinESMExports();
    const during = (body: () => void) => {
      body();
      return steps.splice(0);
    };
    const first = ["checkpoint", "file", "directory", "checkpoint"];
    expect(during(() => log.record([{ stage: "read" }]))).toEqual(first);
    for (const stage of [
      "read",
      "previewed",
      "denied",
      "started",
      "approved",
      "succeeded",
      "failed",
      "unknown",
    ] as const) {
      expect(during(() => log.record([{ stage }]))).toEqual(["file", "checkpoint"]);
    }
    log.now = new Date("2026-03-10T00:00:00Z");
    expect(during(() => log.record([{ stage: "read" }]))).toEqual(first);
  });

  test("does not fail where a directory cannot be synced", () => {
    vi.spyOn(fs, "fsyncSync").mockImplementation(() => {
      throw Object.assign(new Error("EINVAL"), { code: "EINVAL" });
    });
    syncBuiltinESMExports();
    log.record([{ stage: "started" }]);
    expect(log.records(today)).toHaveLength(1);
  });
});

describe("the key", () => {
  test("is asked for with the first record and kept", () => {
    const given = vi.fn(() => key);
    const audit = openAuditLog({ directory: log.path, writer: "cli", key: given });
    audit.record(sampleEvent());
    audit.record(sampleEvent());
    expect(given).toHaveBeenCalledTimes(1);
  });

  test("that cannot be had is why nothing is recorded, and is asked for again", () => {
    const error = new Error("no key");
    const given = vi.fn<() => Uint8Array>(() => {
      throw error;
    });
    const audit = openAuditLog({ directory: log.path, writer: "cli", key: given });
    expect(() => audit.record(sampleEvent())).toThrow(error);
    expect(existsSync(log.path)).toBe(false);
    given.mockReturnValue(key);
    audit.record(sampleEvent());
    expect(given).toHaveBeenCalledTimes(2);
  });

  test("may be new where the log was begun with one that is retired now", async () => {
    record();
    const [next, unrelated] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const { path: directory } = log;
    const now = () => log.now;
    const without = openAuditLog({ directory, writer: "cli", key: () => next, now });
    expect(() => without.record(sampleEvent())).toThrow(notAsLeft("altered-checkpoint"));
    const retiredKeys = vi.fn(() => [unrelated, key]);
    const audit = openAuditLog({ directory, writer: "cli", key: () => next, retiredKeys, now });
    audit.record(sampleEvent());
    audit.record(sampleEvent());
    expect(retiredKeys).toHaveBeenCalledTimes(1);
    // What it wrote is of the new key alone.
    expect(record).toThrow(notAsLeft("altered-checkpoint"));
    expect(await log.verify()).toMatchObject({ intact: false, records: 1 });
  });
});

describe("a new day", () => {
  test("begins a file at midnight in UTC, and its first record follows the old file's last", async () => {
    log.now = new Date("2026-03-09T23:59:59.999Z");
    record();
    log.now = new Date("2026-03-10T00:00:00.000Z");
    record();
    expect(log.names()).toEqual([today, tomorrow, "heads.json"]);
    const [last] = log.records(today);
    expect(log.records(tomorrow)).toEqual([expect.objectContaining({ seq: 2, prev: last?.mac })]);
    expect(log.records(tomorrow)[0]).not.toHaveProperty("clockBackMs");
    expect(await log.verify()).toMatchObject({ intact: true, files: 2, records: 2, findings: [] });
  });

  test("is begun again where a process ended between the checkpoint and the file", async () => {
    record();
    const before = log.save();
    log.now = new Date("2026-03-10T00:00:00.000Z");
    record();
    const checkpoint = JSON.parse(log.read("heads.json"));
    expect(checkpoint.heads.cli).toMatchObject({ file: tomorrow, seq: 2 });
    log.restore(before);
    // The new day's file cannot be made: the checkpoint that names it is there already.
    mkdirSync(log.file(tomorrow));
    expect(record).toThrow(notAsLeft("no-file"));
    rmSync(log.file(tomorrow), { recursive: true });
    expect(JSON.parse(log.read("heads.json")).heads.cli).toMatchObject({ file: tomorrow, seq: 1, bytes: 0 });
    expect(await log.verify()).toMatchObject({ intact: true, findings: [] });
    record();
    expect(log.records(tomorrow)).toEqual([expect.objectContaining({ seq: 2, prev: log.records(today)[0]?.mac })]);
    expect(await log.verify()).toMatchObject({ intact: true, files: 2, records: 2, findings: [] });
  });

  test("is any later one when the clock leaps ahead", () => {
    record();
    log.now = new Date("2031-01-01T00:00:00Z");
    record();
    expect(log.records("audit-20310101-cli.jsonl")).toEqual([expect.objectContaining({ seq: 2 })]);
  });
});

describe("a clock that goes back", () => {
  test("is noted in the next record, and only there", async () => {
    record();
    log.now = new Date(log.now.getTime() - 1);
    record();
    record();
    expect(log.records(today).map(({ clockBackMs }) => clockBackMs)).toEqual([undefined, 1, undefined]);
    expect(await log.verify()).toMatchObject({
      intact: true,
      findings: [{ kind: "clock-back", broken: false, line: 2 }],
    });
  });

  test("to another day keeps to the file there is", async () => {
    log.now = new Date("2026-03-10T00:00:00.000Z");
    record();
    log.now = new Date("2026-03-09T12:00:00.000Z");
    record();
    expect(log.names()).toEqual([tomorrow, "heads.json"]);
    expect(log.records(tomorrow)[1]).toMatchObject({ seq: 2, clockBackMs: 12 * 3_600_000 });
    log.now = new Date("2026-03-11T00:00:00.000Z");
    record();
    expect(log.records("audit-20260311-cli.jsonl")).toEqual([expect.objectContaining({ seq: 3 })]);
    expect(await log.verify()).toMatchObject({ intact: true, records: 3 });
  });
});

describe("what a crash leaves", () => {
  const event = sampleEvent({ stage: "started" });

  test("between a record and its checkpoint is accepted, and the checkpoint is made right", async () => {
    record();
    const checkpoint = log.read("heads.json");
    log.record([{ stage: "started" }, { stage: "failed" }]);
    log.write("heads.json", checkpoint);
    expect(await log.verify()).toMatchObject({ intact: true, records: 3, findings: [] });
    record();
    expect(log.records(today).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(JSON.parse(log.read("heads.json")).heads.cli).toMatchObject({ seq: 4, bytes: log.read(today).length });
    expect(await log.verify()).toMatchObject({ intact: true, records: 4, findings: [] });
  });

  test("before the first record is a checkpoint without a file, or with an empty one", () => {
    failToOpen(today);
    expect(record).toThrow(notWritten);
    expect(log.names()).toEqual(["heads.json"]);
    expect(JSON.parse(log.read("heads.json")).heads.cli).toEqual({
      file: today,
      seq: 0,
      mac: "0".repeat(64),
      time: "2026-03-09T10:00:00.000Z",
      bytes: 0,
    });
    const before = log.save();
    record();
    expect(log.records(today)).toHaveLength(1);
    log.restore(before);
    log.write(today, "");
    record();
    expect(log.records(today)).toHaveLength(1);
  });

  test("after a record and before its end is a record, whose end is added", async () => {
    record();
    const checkpoint = log.read("heads.json");
    record();
    const whole = log.read(today);
    log.write(today, whole.slice(0, -1));
    log.write("heads.json", checkpoint);
    record();
    expect(log.read(today).startsWith(whole)).toBe(true);
    expect(log.records(today).map(({ stage }) => stage)).toEqual(["read", "read", "read"]);
    expect(await log.verify()).toMatchObject({ intact: true, records: 3, findings: [] });
  });

  test("of a record at any byte is closed, accounted for, and followed by the next one", patient, async () => {
    record();
    const begun = log.save();
    log.open().record(event);
    const before = begun.get(today) ?? "";
    const whole = log.read(today);
    for (let length = before.length + 1; length < whole.length - 1; length += 1) {
      log.restore(begun);
      const torn = whole.slice(before.length, length);
      log.write(today, before + torn);
      record();
      const lines = log.read(today).slice(before.length).split("\n");
      expect(lines[0]).toBe(torn);
      expect(JSON.parse(lines[1] ?? "")).toMatchObject({
        seq: 2,
        stage: "recovered",
        callId: "",
        operation: "audit_recover",
        engine: "",
        caller: { kind: "reaper", name: "cos" },
        torn: { bytes: torn.length, sha256: sha256(torn) },
      });
      expect(JSON.parse(lines[2] ?? "")).toMatchObject({ seq: 3, stage: "read" });
      expect(lines).toHaveLength(4);
    }
    expect(await log.verify()).toMatchObject({
      intact: true,
      records: 3,
      findings: [{ kind: "torn-line", broken: false, file: today, line: 2 }],
    });
  });

  test.each([
    ["NUL bytes", "\0\0\0"],
    ["an end of line", "\n"],
    ["bytes outside ASCII", "\xff\xfe"],
    ["a line that was torn and then ended", '{"seq":2,\n'],
    ["several of those", '{"seq":2,\n\n{"se'],
  ])("of %s is closed, too", async (_, torn) => {
    record();
    const before = log.read(today);
    appendFileSync(log.file(today), torn, "latin1");
    record();
    expect(log.read(today).startsWith(`${before}${torn}\n{"seq":2,`)).toBe(true);
    const verification = await log.verify();
    expect(verification).toMatchObject({
      intact: true,
      records: 3,
      findings: [{ kind: "torn-line", broken: false, file: today, line: 2 }],
    });
    expect(verification.findings).toHaveLength(1);
  });

  test("while it closed a torn line is closed as one with it, wherever that ended", patient, async () => {
    record();
    const begun = log.save();
    const torn = '{"seq":2,"time"';
    log.write(today, begun.get(today) + torn);
    record();
    const closed = log.read(today).indexOf("\n", (begun.get(today) + torn).length + 1);
    const whole = log.read(today).slice(0, closed);
    for (let length = (begun.get(today) + torn).length; length < whole.length; length += 7) {
      log.restore(begun);
      log.write(today, whole.slice(0, length));
      record();
      expect((await log.verify()).findings).toEqual([expect.objectContaining({ kind: "torn-line", broken: false })]);
    }
  });

  test("is closed in its own file when a new day has begun", async () => {
    record();
    appendFileSync(log.file(today), '{"seq":2');
    log.now = new Date("2026-03-12T10:00:00.000Z");
    record();
    const lines = log.read(today).split("\n");
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({ seq: 2, stage: "recovered", time: "2026-03-12T10:00:00.000Z" });
    expect(log.records("audit-20260312-cli.jsonl")).toEqual([expect.objectContaining({ seq: 3, stage: "read" })]);
    expect(await log.verify()).toMatchObject({ intact: true, records: 3, findings: [{ kind: "torn-line" }] });
  });
});

describe("nothing is recorded any more once", () => {
  /** Spoils a log of three records, and sees that it is refused and left as it is. */
  function refuses(reason: string, spoil: () => void): void {
    log.record([{}, {}, {}]);
    spoil();
    const before = log.names();
    expect(record).toThrow(notAsLeft(reason));
    expect(log.names()).toEqual(before);
  }

  test("the end of the log was cut off, at any byte", patient, () => {
    log.record([{}, {}, {}]);
    const whole = log.read(today);
    for (let length = whole.length - 1; length >= 0; length -= 1) {
      truncateSync(log.file(today), length);
      expect(record).toThrow(notAsLeft("truncated"));
    }
    expect(log.read(today)).toBe("");
  });

  test("its last record was changed, in any byte", patient, () => {
    log.record([{}, {}, {}]);
    const whole = log.read(today);
    const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let index = start; index < whole.length; index += 1) {
      const changed = String.fromCharCode(whole.charCodeAt(index) ^ 1);
      log.write(today, whole.slice(0, index) + changed + whole.slice(index + 1));
      expect(record).toThrow(notAsLeft("altered-record"));
    }
  });

  test("its last record was replaced by another genuine one of the same length", () => {
    refuses("altered-record", () => {
      const lines = log.read(today).split("\n");
      log.write(today, [lines[0], lines[1], lines[1], ""].join("\n"));
    });
  });

  test("its file is gone", () => refuses("missing-file", () => rmSync(log.file(today))));

  test("its file was replaced by an older one", () => {
    refuses("truncated", () => log.write(today, `${log.read(today).split("\n").slice(0, 2).join("\n")}\n`));
  });

  test("its file is a link", () => {
    refuses("no-file", () => {
      renameSync(log.file(today), log.file("elsewhere"));
      symlinkSync(log.file("elsewhere"), log.file(today));
    });
  });

  test("its file is a directory", () => {
    refuses("no-file", () => {
      rmSync(log.file(today));
      mkdirSync(log.file(today));
    });
  });

  test("its file is a pipe", () => {
    refuses("no-file", () => {
      rmSync(log.file(today));
      execFileSync("mkfifo", [log.file(today)]);
    });
  });

  test("somebody without the key has added a record", () => {
    refuses("unknown-records", () => {
      const [line = ""] = log.read(today).split("\n");
      appendFileSync(log.file(today), `${line.replace('"seq":1', '"seq":4')}\n`);
    });
  });

  test("somebody without the key has added a record without its end", () => {
    refuses("unknown-records", () => {
      const [line = ""] = log.read(today).split("\n");
      appendFileSync(log.file(today), line.replace('"seq":1', '"seq":4'));
    });
  });

  test("somebody has repeated a genuine record", () => {
    refuses("unknown-records", () => appendFileSync(log.file(today), `${log.read(today).split("\n")[2]}\n`));
  });

  test("somebody has added a genuine record of another writer", () => {
    log.record([{}, {}], "http");
    refuses("unknown-records", () => appendFileSync(log.file(today), log.read("audit-20260309-http.jsonl")));
  });

  test("somebody has begun its first file with another writer's", () => {
    log.record([{}], "http");
    failToOpen(today);
    expect(record).toThrow(notWritten);
    copyFileSync(log.file("audit-20260309-http.jsonl"), log.file(today));
    expect(record).toThrow(notAsLeft("unknown-records"));
  });

  test("somebody has hidden a record behind torn bytes", () => {
    refuses("unknown-records", () => {
      const [line = ""] = log.read(today).split("\n");
      appendFileSync(log.file(today), `{"seq":4\n${line}\n{"se`);
    });
  });

  test("more was added than a crash can leave", () => {
    log.record([{}]);
    const { length } = log.read(today);
    truncateSync(log.file(today), length + 16 * 1024 * 1024 + 1);
    expect(record).toThrow(notAsLeft("unknown-records"));
    truncateSync(log.file(today), length + 16 * 1024 * 1024);
    record();
    expect(statSync(log.file(today)).size).toBeGreaterThan(length + 16 * 1024 * 1024);
  });

  test("the checkpoint is gone", () => refuses("missing-checkpoint", () => rmSync(log.file("heads.json"))));

  test("the checkpoint is gone, for writers that had not written yet, too", () => {
    log.record([{}], "http");
    rmSync(log.file("heads.json"));
    expect(record).toThrow(notAsLeft("missing-checkpoint"));
    expect(log.names()).toEqual(["audit-20260309-http.jsonl"]);
  });

  test("the checkpoint was changed, in any byte", patient, () => {
    log.record([{}]);
    const content = log.read("heads.json");
    for (let index = 0; index < content.length; index += 1) {
      const changed = String.fromCharCode(content.charCodeAt(index) ^ 1);
      log.write("heads.json", content.slice(0, index) + changed + content.slice(index + 1));
      expect(record).toThrow(notAsLeft("altered-checkpoint"));
    }
  });

  test.each([
    ["empty", () => ""],
    ["cut off", (content: string) => content.slice(0, -1)],
    ["longer", (content: string) => `${content}\n`],
    ["a record", () => `${log.read(today).split("\n")[0]}\n`],
    ["much too long", (content: string) => " ".repeat(1024 * 1024 + 1 - content.length) + content],
  ])("the checkpoint is %s", (_, change) => {
    refuses("altered-checkpoint", () => log.write("heads.json", change(log.read("heads.json"))));
  });

  test.each(["link", "directory", "pipe"])("the checkpoint is a %s", (what) => {
    refuses("altered-checkpoint", () => {
      renameSync(log.file("heads.json"), log.file("elsewhere"));
      if (what === "link") symlinkSync(log.file("elsewhere"), log.file("heads.json"));
      else if (what === "directory") mkdirSync(log.file("heads.json"));
      else execFileSync("mkfifo", [log.file("heads.json")]);
    });
  });

  test("the checkpoint does not know the writer, and its files are there", () => {
    log.record([{}], "http");
    const checkpoint = log.read("heads.json");
    refuses("missing-checkpoint", () => log.write("heads.json", checkpoint));
  });

  test("the log was taken back to an earlier state while a process writes", () => {
    const audit = log.open();
    audit.record(sampleEvent());
    const earlier = log.save();
    audit.record(sampleEvent());
    log.restore(earlier);
    expect(() => audit.record(sampleEvent())).toThrow(notAsLeft("truncated"));
    expect(log.save()).toEqual(earlier);
  });

  test("the log was emptied while a process writes", () => {
    const audit = log.open();
    audit.record(sampleEvent());
    log.restore(new Map());
    expect(() => audit.record(sampleEvent())).toThrow(notAsLeft("truncated"));
    expect(log.names()).toEqual([]);
  });

  test("the directory was removed while a process writes", () => {
    const audit = log.open();
    audit.record(sampleEvent());
    rmSync(log.path, { recursive: true });
    expect(() => audit.record(sampleEvent())).toThrow(notWritten);
    expect(existsSync(log.path)).toBe(false);
  });

  test.each([0o720, 0o702, 0o777, 0o1777])("other users can write its directory (%o)", (mode) => {
    record();
    chmodSync(log.path, mode);
    const before = log.read(today);
    expect(record).toThrow(
      expect.objectContaining({
        code: "failed_precondition",
        message: "The directory of the audit log can be written by other users.",
        hint: `chmod go-w ${log.path}`,
      }),
    );
    expect(log.read(today)).toBe(before);
    chmodSync(log.path, 0o755);
    record();
  });
});

describe("a log goes on", () => {
  test("in an empty directory that was there before, beside what is not its own", () => {
    mkdirSync(log.path, { recursive: true, mode: 0o700 });
    for (const name of [
      "notes.txt",
      "audit-2026-cli.jsonl",
      "audit-20260309-CLI.jsonl",
      "audit-20260309-cli.jsonl.gz",
    ]) {
      log.write(name, "x");
    }
    record();
    expect(log.records(today)).toHaveLength(1);
  });

  test("in a file that was copied byte by byte", () => {
    record();
    copyFileSync(log.file(today), log.file("copy"));
    renameSync(log.file("copy"), log.file(today));
    record();
    expect(log.records(today)).toHaveLength(2);
  });

  test("over what a crash has left of a new checkpoint", () => {
    record();
    log.write("heads.json.new", "x".repeat(10_000));
    record();
    expect(log.names()).toEqual([today, "heads.json"]);
  });

  test("with a writer whose name objects have, too", () => {
    log.record([{}, {}], "constructor");
    expect(log.records("audit-20260309-constructor.jsonl")).toHaveLength(2);
  });
});

describe("a record that cannot be written leaves nothing", () => {
  const failing = (code: string) => Object.assign(new Error(code), { code });

  function mockOnce<Name extends "writeSync" | "fdatasyncSync" | "renameSync">(name: Name, body: (typeof fs)[Name]) {
    vi.spyOn(fs, name).mockImplementationOnce(body as never);
    syncBuiltinESMExports();
  }

  test.each([
    ["written in part", "writeSync"],
    ["not written", "writeSync"],
    ["not synced", "fdatasyncSync"],
    ["without a checkpoint", "renameSync"],
  ] as const)("when it is %s", async (how, name) => {
    log.record([{}]);
    const before = log.save();
    const { writeSync } = fs;
    mockOnce(name, ((file: number, text: string) => {
      if (how === "written in part") return writeSync(file, text.slice(0, 50));
      throw failing("EIO");
    }) as never);
    expect(() => log.open().record(sampleEvent({ stage: "started" }))).toThrow(notWritten);
    expect(log.read(today)).toBe(before.get(today));
    expect(log.read("heads.json")).toBe(before.get("heads.json"));
    vi.restoreAllMocks();
    syncBuiltinESMExports();
    log.record([{ stage: "read" }]);
    expect(await log.verify()).toMatchObject({ intact: true, records: 2, findings: [] });
  });

  test("but torn bytes, where it cannot be undone either", async () => {
    log.record([{}]);
    const { writeSync } = fs;
    mockOnce("writeSync", ((file: number, text: string) => writeSync(file, text.slice(0, 50))) as never);
    vi.spyOn(fs, "ftruncateSync").mockImplementationOnce(() => {
      throw failing("EIO");
    });
    syncBuiltinESMExports();
    expect(record).toThrow(notWritten);
    expect(log.read(today).split("\n")[1]).toHaveLength(50);
    record();
    expect(await log.verify()).toMatchObject({ intact: true, records: 3, findings: [{ kind: "torn-line", line: 2 }] });
  });

  test("when the checkpoint is written in part", () => {
    log.record([{}]);
    const before = log.save();
    const { writeSync } = fs;
    vi.spyOn(fs, "writeSync").mockImplementation(((file: number, text: string) =>
      writeSync(file, text.startsWith('{"heads"') ? text.slice(0, 9) : text)) as never);
    syncBuiltinESMExports();
    expect(record).toThrow(notWritten);
    expect(log.read(today)).toBe(before.get(today));
    expect(log.read("heads.json")).toBe(before.get("heads.json"));
  });

  test("when something is where the new checkpoint goes", () => {
    log.record([{}]);
    const before = log.read(today);
    mkdirSync(log.file("heads.json.new"));
    expect(record).toThrow(notAsLeft("no-file"));
    expect(log.read(today)).toBe(before);
  });

  test("when its directory cannot be made", () => {
    for (const directory of ["/dev/null/audit", "/dev/null"]) {
      const audit = openAuditLog({ directory, writer: "cli", key: () => key });
      expect(() => audit.record(sampleEvent())).toThrow(notWritten);
      // It is made by the same log once that is possible.
      expect(() => audit.record(sampleEvent())).toThrow(notWritten);
    }
  });

  test("when something else is where the lock goes", () => {
    mkdirSync(log.path, { recursive: true, mode: 0o700 });
    writeFileSync(log.file("audit.lock"), "");
    expect(record).toThrow(expect.objectContaining({ code: "failed_precondition" }));
    expect(log.names()).toEqual(["audit.lock"]);
  });
});

test("files are closed, and the lock is released, whatever happens", () => {
  const open = () => fs.readdirSync("/dev/fd").length;
  record();
  const before = open();
  for (let round = 0; round < 5; round += 1) record();
  linkSync(log.file(today), log.file("kept"));
  rmSync(log.file(today));
  expect(record).toThrow(notAsLeft("missing-file"));
  linkSync(log.file("kept"), log.file(today));
  truncateSync(log.file(today), 5);
  expect(record).toThrow(notAsLeft("truncated"));
  log.write("heads.json", "x");
  expect(record).toThrow(notAsLeft("altered-checkpoint"));
  expect(open()).toBe(before);
  expect(log.names()).toEqual([today, "heads.json", "kept"]);
});
