import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { key, newLogDirectory, sampleEvent } from "./testing/log-directory.ts";
import { type AuditFinding, verifyAuditLog } from "./verify.ts";

const monday = "audit-20260309-cli.jsonl";
const tuesday = "audit-20260310-cli.jsonl";
const wednesday = "audit-20260311-cli.jsonl";
const http = "audit-20260310-http.jsonl";
const patient = { timeout: 60_000 };

let log: ReturnType<typeof newLogDirectory>;

/** Two writers, three days: cli 1-3 on Monday, 4-6 on Tuesday, 7-8 on Wednesday; http 1-2 on Tuesday. */
beforeEach(() => {
  log = newLogDirectory();
  log.record([{}, { stage: "started", callId: "a" }, { stage: "succeeded", callId: "a" }]);
  log.now = new Date("2026-03-10T10:00:00.000Z");
  log.record([{}, {}], "http");
  log.record([{}, { stage: "denied" }, {}]);
  log.now = new Date("2026-03-11T10:00:00.000Z");
  log.record([{}, {}]);
});
afterEach(() => log.remove());

const lines = (name: string) => log.read(name).split("\n").slice(0, -1);
const setLines = (name: string, changed: readonly (string | undefined)[]) =>
  log.write(name, changed.map((line) => `${line}\n`).join(""));
/** What `verify` finds, without the words. */
const findings = async () =>
  (await log.verify()).findings.map((finding) => {
    const { message, ...facts } = finding;
    expect(message).toMatch(/^[A-Z0-9].*\.$/);
    return facts;
  });
const broken = (kind: AuditFinding["kind"], file: string, line?: number, writer = "cli") =>
  expect.objectContaining({ kind, broken: true, writer, file, ...(line === undefined ? {} : { line }) });
const remark = (kind: AuditFinding["kind"], file: string, line: number, callId?: string) => ({
  kind,
  broken: false,
  writer: "cli",
  file,
  line,
  callId,
});

describe("a log as cos left it", () => {
  test("is intact", async () => {
    expect(await log.verify()).toEqual({ intact: true, files: 4, records: 10, findings: [] });
  });

  test("is intact where there is none, or an empty directory", async () => {
    const none = { intact: true, files: 0, records: 0, findings: [] };
    log.restore(new Map());
    expect(await log.verify()).toEqual(none);
    rmSync(log.path, { recursive: true });
    expect(await log.verify()).toEqual(none);
  });

  test("is only read", async () => {
    const before = log.save();
    await log.verify();
    expect(log.save()).toEqual(before);
  });

  test("is intact where some of it, or all, was written with keys that are retired now", async () => {
    const directory = log.path;
    const next = Buffer.alloc(32, 1);
    expect(await verifyAuditLog({ directory, keys: [next, key] })).toMatchObject({ intact: true, records: 10 });
    expect(await verifyAuditLog({ directory, keys: [next] })).toMatchObject({ intact: false, records: 0 });
    expect(await verifyAuditLog({ directory, keys: [] })).toMatchObject({ intact: false, records: 0 });
  });

  test("is intact while others write", async () => {
    const events = Array.from({ length: 40 }, () => ({}));
    const verifications: unknown[] = [];
    for (const event of events) {
      const verification = log.verify();
      log.record([event]);
      log.record([event], "http");
      verifications.push(await verification);
    }
    for (const verification of verifications) expect(verification).toMatchObject({ intact: true, findings: [] });
    expect(await log.verify()).toMatchObject({ intact: true, records: 90 });
  });

  test("cannot be verified where it cannot be read", async () => {
    const directory = "/dev/null/audit";
    await expect(verifyAuditLog({ directory, keys: [key] })).rejects.toMatchObject({
      code: "failed_precondition",
      message: "The audit log cannot be read.",
      hint: expect.any(String),
    });
  });
});

describe("remarks", () => {
  test("are changes without an outcome, in the order in which they began", async () => {
    log.record([
      { stage: "started", callId: "b" },
      { stage: "started", callId: "c" },
      { stage: "started", callId: "d" },
      { stage: "failed", callId: "d" },
      { stage: "started", callId: "e" },
      { stage: "unknown", callId: "e" },
      { stage: "read", callId: "c" },
      { stage: "started", callId: "f" },
      { stage: "denied", callId: "f" },
    ]);
    log.record([{ stage: "succeeded", callId: "b" }], "http");
    const { intact, findings } = await log.verify();
    expect(intact).toBe(true);
    expect(findings).toEqual([
      { ...remark("no-outcome", wednesday, 3, "b"), message: "The change began, and no outcome is recorded." },
      expect.objectContaining(remark("no-outcome", wednesday, 4, "c")),
      expect.objectContaining(remark("no-outcome", wednesday, 10, "f")),
    ]);
  });

  test("are steps back of the clock", async () => {
    log.now = new Date(log.now.getTime() - 62_000);
    log.record([{ callId: "late" }]);
    expect(await log.verify()).toMatchObject({
      intact: true,
      findings: [{ ...remark("clock-back", wednesday, 3, "late"), message: "The clock went back by 61000 ms." }],
    });
  });

  test("are torn lines that were closed", async () => {
    appendFileSync(log.file(wednesday), '{"seq":9,');
    log.record([{}]);
    expect(await log.verify()).toMatchObject({
      intact: true,
      records: 12,
      findings: [
        { ...remark("torn-line", wednesday, 3), message: "A line that a process did not finish; it was closed." },
      ],
    });
  });
});

/** A log so small that every byte can be tried: a record, a torn line and its closing, and a record of the next day. */
function makeSmall(): void {
  log.restore(new Map());
  log.now = new Date("2026-03-09T23:59:59.000Z");
  log.record([{}]);
  appendFileSync(log.file(monday), '{"seq":2');
  log.record([{}]);
}

describe("a changed byte is found", () => {
  test("in any place of any file", patient, async () => {
    makeSmall();
    const all = log.save();
    for (const [name, content] of all) {
      for (let index = 0; index < content.length; index += 1) {
        const changed = String.fromCharCode(content.charCodeAt(index) ^ 1);
        log.write(name, content.slice(0, index) + changed + content.slice(index + 1));
        const { intact, findings } = await log.verify();
        expect({ index, name, intact }).toEqual({ index, name, intact: false });
        expect(findings.filter((finding) => finding.broken).length).toBeLessThanOrEqual(2);
      }
      log.write(name, content);
    }
  });

  test("whatever it is changed to", patient, async () => {
    const all = [...log.save()];
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 3 }), fc.nat(), fc.integer({ min: 1, max: 255 }), async (file, at, change) => {
        const [name = "", content = ""] = all[file] ?? [];
        const index = at % content.length;
        const changed = String.fromCharCode(content.charCodeAt(index) ^ change);
        log.write(name, content.slice(0, index) + changed + content.slice(index + 1));
        try {
          expect(await log.verify()).toMatchObject({ intact: false });
        } finally {
          log.write(name, content);
        }
      }),
    );
  });

  test("and told once, where the line still has the form of a record", async () => {
    log.write(tuesday, log.read(tuesday).replace('"denied"', '"failed"'));
    expect(await log.verify()).toMatchObject({
      intact: false,
      records: 9,
      findings: [
        {
          kind: "altered-record",
          broken: true,
          writer: "cli",
          file: tuesday,
          line: 2,
          callId: "call-1",
          message: "1 record is changed, or not written by cos with this key.",
        },
      ],
    });
    expect((await log.verify()).findings).toHaveLength(1);
  });

  test("and told once, where the line has no form any more", async () => {
    log.write(tuesday, log.read(tuesday).replace('"denied"', "denied"));
    expect(await findings()).toEqual([
      { kind: "unreadable-line", broken: true, writer: "cli", file: tuesday, line: 2, callId: undefined },
    ]);
  });

  test("and told once for the last record of a writer", async () => {
    const [first, second = ""] = lines(wednesday);
    setLines(wednesday, [first, second.replace("user", "usex")]);
    expect(await findings()).toEqual([broken("altered-record", wednesday, 2)]);
    setLines(wednesday, [first, second.replace("{", "[")]);
    expect(await findings()).toEqual([broken("unreadable-line", wednesday, 2)]);
  });

  test("and lines in a row are told together", async () => {
    setLines(
      tuesday,
      lines(tuesday).map((line) => line.replace("user", "root")),
    );
    expect(await log.verify()).toMatchObject({
      findings: [
        { kind: "altered-record", line: 1, message: "3 records are changed, or not written by cos with this key." },
      ],
    });
    setLines(
      tuesday,
      lines(tuesday).map(() => "nothing"),
    );
    expect(await log.verify()).toMatchObject({
      findings: [{ kind: "unreadable-line", line: 1, message: "3 lines are not a record." }],
    });
    expect(await findings()).toHaveLength(1);
  });

  test("and lines of different kinds apart, in their order", async () => {
    const [one = "", two = "", three = ""] = lines(tuesday);
    const forge = (line: string) => line.replace("user", "root");
    setLines(tuesday, [forge(one), "nothing", forge(three)]);
    expect(await findings()).toEqual([
      broken("altered-record", tuesday, 1),
      broken("unreadable-line", tuesday, 2),
      broken("altered-record", tuesday, 3),
    ]);
    setLines(tuesday, ["nothing", two, forge(three)]);
    expect(await findings()).toEqual([broken("unreadable-line", tuesday, 1), broken("altered-record", tuesday, 3)]);
  });
});

describe("a log that was cut off is found", () => {
  test("at any byte of any file", patient, async () => {
    makeSmall();
    const all = log.save();
    for (const [name, content] of all) {
      for (let length = 0; length < content.length; length += 1) {
        log.write(name, content.slice(0, length));
        const { intact } = await log.verify();
        expect({ length, name, intact }).toEqual({ length, name, intact: false });
      }
      log.write(name, content);
    }
  });

  test("with how many records are missing at the end", async () => {
    const [first = ""] = lines(wednesday);
    for (const end of ["", '{"seq":8,']) {
      log.write(wednesday, `${first}\n${end}`);
      expect((await log.verify()).findings).toEqual([
        {
          kind: "truncated",
          broken: true,
          writer: "cli",
          file: wednesday,
          message: "1 record is missing at the end.",
        },
      ]);
    }
    log.write(wednesday, "");
    expect((await log.verify()).findings).toEqual([
      expect.objectContaining({ message: "2 records are missing at the end." }),
    ]);
  });

  test("also where only the last byte is missing", async () => {
    truncateSync(log.file(wednesday), log.read(wednesday).length - 1);
    expect((await log.verify()).findings).toEqual([
      {
        kind: "truncated",
        broken: true,
        writer: "cli",
        file: wednesday,
        message: "The end of the line is missing.",
      },
    ]);
  });

  test("between two days", async () => {
    setLines(tuesday, lines(tuesday).slice(0, 1));
    expect((await log.verify()).findings).toEqual([
      {
        kind: "gap",
        broken: true,
        writer: "cli",
        file: wednesday,
        line: 1,
        callId: "call-1",
        message: "2 records are missing before this one.",
      },
    ]);
  });

  test("also where the checkpoint already names the file of a day that has not begun", async () => {
    log.now = new Date("2026-03-12T10:00:00.000Z");
    const thursday = "audit-20260312-cli.jsonl";
    mkdirSync(log.file(thursday));
    expect(() => log.record([{}])).toThrow();
    rmSync(log.file(thursday), { recursive: true });
    expect(await log.verify()).toMatchObject({ intact: true, findings: [] });
    setLines(wednesday, lines(wednesday).slice(0, 1));
    expect(await findings()).toEqual([{ kind: "truncated", broken: true, writer: "cli", file: thursday }]);
  });
});

describe("what is missing is found:", () => {
  test("any record", async () => {
    const count = { [monday]: 3, [tuesday]: 3, [wednesday]: 2, [http]: 2 };
    for (const [name, length] of Object.entries(count)) {
      const all = lines(name);
      expect(all).toHaveLength(length);
      for (const index of all.keys()) {
        setLines(name, all.toSpliced(index, 1));
        const found = (await log.verify()).findings.filter((finding) => finding.broken);
        expect(found).toEqual([expect.objectContaining({ kind: expect.stringMatching(/^(gap|truncated)$/) })]);
      }
      setLines(name, all);
    }
    expect(await log.verify()).toMatchObject({ intact: true });
  });

  test("the first file of a writer", async () => {
    rmSync(log.file(monday));
    expect(await log.verify()).toMatchObject({
      intact: false,
      files: 3,
      records: 7,
      findings: [
        { kind: "gap", broken: true, file: tuesday, line: 1, message: "3 records are missing before this one." },
      ],
    });
  });

  test("a file in between", async () => {
    rmSync(log.file(tuesday));
    expect(await findings()).toEqual([broken("gap", wednesday, 1)]);
  });

  test("the last file", async () => {
    rmSync(log.file(wednesday));
    expect((await log.verify()).findings).toEqual([
      { kind: "missing-file", broken: true, writer: "cli", file: wednesday, message: "The file is gone." },
    ]);
  });

  test("all files of a writer", async () => {
    rmSync(log.file(http));
    expect(await findings()).toEqual([{ kind: "missing-file", broken: true, writer: "http", file: http }]);
  });

  test("all files", async () => {
    for (const name of [monday, tuesday, wednesday, http]) rmSync(log.file(name));
    expect(await log.verify()).toMatchObject({
      intact: false,
      files: 0,
      records: 0,
      findings: [
        { kind: "missing-file", writer: "cli" },
        { kind: "missing-file", writer: "http" },
      ],
    });
  });

  test.each(["directory", "link"])("a file that is a %s now", async (what) => {
    renameSync(log.file(wednesday), log.file("elsewhere"));
    if (what === "link") symlinkSync(log.file("elsewhere"), log.file(wednesday));
    else mkdirSync(log.file(wednesday));
    expect(await findings()).toEqual([{ kind: "missing-file", broken: true, writer: "cli", file: wednesday }]);
    expect(await log.verify()).toMatchObject({ files: 3 });
  });

  test("two gaps, each told", async () => {
    setLines(monday, lines(monday).toSpliced(0, 1));
    setLines(tuesday, lines(tuesday).toSpliced(1, 1));
    expect(await findings()).toEqual([broken("gap", monday, 1), broken("gap", tuesday, 2)]);
  });

  test("the checkpoint", async () => {
    rmSync(log.file("heads.json"));
    expect(await log.verify()).toEqual({
      intact: false,
      files: 4,
      records: 10,
      findings: [
        {
          kind: "missing-checkpoint",
          broken: true,
          writer: "",
          file: "heads.json",
          message: "The checkpoint is gone.",
        },
      ],
    });
  });

  test("a writer in the checkpoint", async () => {
    const before = log.read("heads.json");
    log.record([{}], "reaper");
    log.write("heads.json", before);
    expect((await log.verify()).findings).toEqual([
      {
        kind: "missing-checkpoint",
        broken: true,
        writer: "reaper",
        file: "heads.json",
        message: "The checkpoint does not know this writer.",
      },
    ]);
  });

  test("a change in the checkpoint, also where no file is left", async () => {
    const altered = { kind: "altered-checkpoint", broken: true, writer: "", file: "heads.json" };
    log.write("heads.json", log.read("heads.json").replace('"seq":8', '"seq":7'));
    expect(await log.verify()).toMatchObject({ intact: false, records: 10 });
    expect(await findings()).toEqual([altered]);
    for (const name of [monday, tuesday, wednesday, http]) rmSync(log.file(name));
    expect(await findings()).toEqual([altered]);
  });

  test("the closing of a torn line, and the torn line that was closed", async () => {
    appendFileSync(log.file(wednesday), '{"seq":9,');
    log.record([{}]);
    const [one, two, torn, closing, last] = lines(wednesday);
    setLines(wednesday, [one, two, torn, last]);
    expect(await findings()).toEqual([broken("unreadable-line", wednesday, 3)]);
    setLines(wednesday, [one, two, closing, last]);
    expect((await log.verify()).findings).toEqual([
      expect.objectContaining({
        kind: "torn-line",
        broken: true,
        line: 3,
        message: "The torn line that was closed here is gone.",
      }),
    ]);
    for (const other of [`${torn}x`, `${torn?.slice(0, -1)}x`]) {
      setLines(wednesday, [one, two, other, closing, last]);
      expect((await log.verify()).findings).toEqual([
        expect.objectContaining({
          kind: "torn-line",
          broken: true,
          line: 3,
          message: "It is not the torn line that was closed here.",
        }),
      ]);
    }
  });
});

describe("what is not in its place is found:", () => {
  test("records that were swapped", async () => {
    const [one, two, three] = lines(monday);
    setLines(monday, [one, three, two]);
    expect(await findings()).toEqual([
      broken("gap", monday, 2),
      broken("broken-chain", monday, 3),
      remark("no-outcome", monday, 3, "a"),
    ]);
  });

  test("a record that is there twice", async () => {
    const all = lines(tuesday);
    for (const index of [0, 1, 2]) {
      setLines(tuesday, all.toSpliced(index, 0, all[index] ?? ""));
      expect(await findings()).toEqual([broken("broken-chain", tuesday, index + 2)]);
    }
  });

  test("a record of another day", async () => {
    setLines(wednesday, [...lines(wednesday), lines(monday)[0]]);
    expect((await log.verify()).findings).toEqual([
      expect.objectContaining({ kind: "broken-chain", message: "The record is not in its place, or is there twice." }),
    ]);
  });

  test("a record of another writer", async () => {
    const [first, second] = lines(http);
    setLines(monday, [first, ...lines(monday)]);
    setLines(wednesday, [...lines(wednesday), second]);
    expect((await log.verify()).findings).toEqual([
      expect.objectContaining({
        kind: "broken-chain",
        file: monday,
        line: 1,
        message: "The record is not in its place, or is there twice.",
      }),
      expect.objectContaining({ kind: "broken-chain", file: wednesday, line: 3 }),
    ]);
  });

  test("files that were swapped", async () => {
    const [one, other] = [log.read(monday), log.read(tuesday)];
    log.write(monday, other);
    log.write(tuesday, one);
    expect(await findings()).toEqual([
      broken("gap", monday, 1),
      // The records of Monday are told together.
      broken("broken-chain", tuesday, 1),
    ]);
  });

  test("a record of another log with the same key", async () => {
    const other = newLogDirectory();
    try {
      other.record([{ callId: "other" }, {}, {}]);
      const [one, two] = lines(monday);
      setLines(monday, [one, two, other.read(monday).split("\n")[2]]);
      expect((await log.verify()).findings).toEqual([
        expect.objectContaining({
          kind: "broken-chain",
          file: monday,
          line: 3,
          message: "The record does not follow the one before it.",
        }),
        expect.objectContaining({ kind: "broken-chain", file: tuesday, line: 1 }),
        expect.objectContaining({ kind: "no-outcome", broken: false, callId: "a" }),
      ]);
    } finally {
      other.remove();
    }
  });

  test("all records of another log with the same key, by the checkpoint", async () => {
    const other = newLogDirectory();
    try {
      other.now = new Date("2026-03-10T10:00:00.000Z");
      other.record([{ callId: "other" }, {}], "http");
      writeFileSync(log.file(http), other.read(http));
      expect((await log.verify()).findings).toEqual([
        expect.objectContaining({
          kind: "broken-chain",
          broken: true,
          writer: "http",
          line: 2,
          message: "The checkpoint knows another record with this number.",
        }),
      ]);
    } finally {
      other.remove();
    }
  });

  test("a line that somebody without the key has added", async () => {
    const [line = ""] = lines(wednesday);
    const forged = line.replace('"seq":7', '"seq":9');
    const before = log.read(wednesday);
    log.write(wednesday, `${before}${forged}\n`);
    expect(await findings()).toEqual([broken("altered-record", wednesday, 3)]);
    log.write(wednesday, `${before}${forged}`);
    expect(await findings()).toEqual([broken("altered-record", wednesday, 3)]);
    setLines(wednesday, [lines(wednesday)[0], forged, lines(wednesday)[1]]);
    expect(await findings()).toEqual([broken("altered-record", wednesday, 2)]);
    log.write(wednesday, `${before}nothing\n`);
    expect(await findings()).toEqual([broken("unreadable-line", wednesday, 3)]);
  });

  test("an end that is not finished and not closed yet", async () => {
    appendFileSync(log.file(wednesday), '{"seq":9,');
    expect((await log.verify()).findings).toEqual([
      expect.objectContaining({
        kind: "torn-line",
        broken: true,
        file: wednesday,
        line: 3,
        message: "The last line is not finished; the next record closes it.",
      }),
    ]);
  });

  test("a line that is longer than cos writes, with a genuine record at its end", patient, async () => {
    const [one, two] = lines(wednesday);
    for (const padding of [64 * 1024, 64 * 1024 - 1, 100_000]) {
      setLines(wednesday, [one, `${"x".repeat(padding)}${two}`]);
      expect(await findings()).toEqual([broken("unreadable-line", wednesday, 2)]);
      expect(await log.verify()).toMatchObject({ findings: [{ message: "1 line is not a record." }] });
    }
  });
});

test("a torn line that is longer than what is read at once is known again", async () => {
  for (const length of [64 * 1024 - 1, 64 * 1024, 200_000]) {
    appendFileSync(log.file(wednesday), `${"\0".repeat(length)}\n${"\0".repeat(length)}`);
    log.record([{}]);
  }
  expect(await findings()).toEqual([3, 7, 11].map((line) => remark("torn-line", wednesday, line)));
});

test("logs beside what is not theirs are verified", async () => {
  for (const name of ["audit-20260309-CLI.jsonl", "audit-2026-cli.jsonl", "heads.json.new", "notes"]) {
    log.write(name, "x");
  }
  expect(await log.verify()).toMatchObject({ intact: true, files: 4, records: 10 });
});

test("an event of any text leaves a log intact", patient, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: "binary" }), { maxLength: 5 }), async (texts) => {
      log.restore(new Map());
      for (const text of texts) log.open().record(sampleEvent({ operation: text, callId: text }));
      expect(await log.verify()).toMatchObject({ intact: true, records: texts.length });
    }),
    { numRuns: 30 },
  );
});
