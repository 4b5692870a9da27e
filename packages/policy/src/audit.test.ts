import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { CosError } from "@cos/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AuditEvent, openAuditLog } from "./audit.ts";

const noon = new Date("2026-03-01T12:00:00.000Z");
const event: AuditEvent = {
  callId: "call-1",
  stage: "started",
  operation: "container_run",
  effect: "mutate",
  engine: "local",
  caller: { kind: "terminal", name: "user" },
};

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cos-audit-"));
  directory = join(parent, "state", "audit");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

const open = (now = () => noon) => openAuditLog(directory, "test", now);
const fileOf = (day = "20260301", writer = "test") => join(directory, `audit-${day}-${writer}.jsonl`);
const linesOf = (file: string) => readFileSync(file, "utf8").split("\n").slice(0, -1);

describe("an audit log", () => {
  test("is one JSON line for each event, in order, each with the time", () => {
    const log = open();
    log.record(event);
    log.record({ ...event, stage: "failed", code: "not_found" });
    expect(linesOf(fileOf()).map((line) => JSON.parse(line))).toEqual([
      { time: "2026-03-01T12:00:00.000Z", ...event },
      { time: "2026-03-01T12:00:00.000Z", ...event, stage: "failed", code: "not_found" },
    ]);
  });

  test("starts another file with every day in UTC, and has one for every writer", () => {
    let now = new Date("2026-02-28T23:59:59.999Z");
    const log = open(() => now);
    log.record(event);
    now = new Date("2026-03-01T00:00:00.000Z");
    log.record(event);
    openAuditLog(directory, "other", () => now).record(event);
    expect(readdirSync(directory).sort()).toEqual([
      "audit-20260228-test.jsonl",
      "audit-20260301-other.jsonl",
      "audit-20260301-test.jsonl",
    ]);
  });

  test("makes its directory and files for the user alone, whatever the umask", () => {
    const umask = process.umask(0);
    try {
      open().record(event);
    } finally {
      process.umask(umask);
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(parent, "state")).mode & 0o777).toBe(0o700);
    expect(statSync(fileOf()).mode & 0o777).toBe(0o600);
  });

  test("keeps the line plain ASCII on a single line and loses nothing, whatever the values are", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc.constantFrom(
        "\n",
        "\r\n",
        "\u2028",
        "\u0085",
        "\u001b[2J",
        "\u202e",
        "\ufeff",
        "\ud800",
        '"},\n{"stage":"succeeded"',
      ),
    );
    fc.assert(
      fc.property(text, text, text, text, (operation, name, id, rule) => {
        rmSync(directory, { recursive: true, force: true });
        const told: AuditEvent = {
          ...event,
          stage: "read",
          operation,
          caller: { kind: "http", name },
          target: { kind: "container", id, name },
          rule,
        };
        open().record(told);
        const written = readFileSync(fileOf(), "latin1");
        expect(written).toMatch(/^[\x20-\x7e]+\n$/);
        expect(JSON.parse(written)).toEqual({ time: noon.toISOString(), ...told });
      }),
      { numRuns: 200 },
    );
  });

  test("cuts long values and says so by an ellipsis", () => {
    open().record({ ...event, operation: "x".repeat(100_000), caller: { kind: "http", name: "\u00e9".repeat(2_000) } });
    const [line = ""] = linesOf(fileOf());
    expect(JSON.parse(line)).toMatchObject({
      operation: `${"x".repeat(1024)}...`,
      caller: { name: `${"\u00e9".repeat(1024)}...` },
    });
    expect(line.length).toBeLessThan(10_000);
  });

  test("appends to what is there", () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(fileOf(), '{"earlier":true}\n');
    open().record(event);
    expect(linesOf(fileOf())).toHaveLength(2);
  });

  test("follows no link in place of its file", () => {
    const elsewhere = join(parent, "elsewhere");
    writeFileSync(elsewhere, "");
    mkdirSync(directory, { recursive: true });
    symlinkSync(elsewhere, fileOf());
    expect(() => open().record(event)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
    expect(readFileSync(elsewhere, "utf8")).toBe("");
  });

  test("says failed_precondition, and where, when it cannot write", () => {
    writeFileSync(join(parent, "state"), "a file where the directory should be");
    let thrown: unknown;
    try {
      open().record(event);
    } catch (error) {
      thrown = error;
    }
    expect(CosError.is(thrown)).toBe(true);
    expect(thrown).toMatchObject({
      code: "failed_precondition",
      message: "The audit log cannot be written.",
      hint: expect.stringContaining(directory),
    });
  });

  test("works again once it can be written again", () => {
    const log = open();
    writeFileSync(join(parent, "state"), "");
    expect(() => log.record(event)).toThrow();
    rmSync(join(parent, "state"));
    log.record(event);
    expect(existsSync(fileOf())).toBe(true);
  });

  test("does not mix the lines of several processes", async () => {
    const module = pathToFileURL(join(import.meta.dirname, "audit.ts")).href;
    const script = `
      const { openAuditLog } = await import(${JSON.stringify(module)});
      const log = openAuditLog(process.argv[1], "test", () => new Date(${noon.getTime()}));
      const event = ${JSON.stringify(event)};
      for (let i = 0; i < 100; i++) log.record({ ...event, stage: "read", callId: process.argv[2] + "-" + i, rule: "r".repeat(900) });
    `;
    const start = (writer: string) =>
      promisify(execFile)(process.execPath, [
        "--conditions=@cos/source",
        "--input-type=module",
        "-e",
        script,
        directory,
        writer,
      ]);
    await Promise.all(["a", "b", "c"].map(start));
    const ids = linesOf(fileOf()).map((line) => (JSON.parse(line) as AuditEvent).callId);
    for (const writer of ["a", "b", "c"]) {
      expect(ids.filter((id) => id.startsWith(writer))).toEqual(
        Array.from({ length: 100 }, (_, i) => `${writer}-${i}`),
      );
    }
  });
});
