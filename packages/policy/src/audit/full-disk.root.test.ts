import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAuditLog } from "./log.ts";
import { key, sampleEvent } from "./testing/log-directory.ts";
import { verifyAuditLog } from "./verify.ts";

let mount: string;
let directory: string;

beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), "cos-full-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=700", "cos-test", mount]);
  directory = join(mount, "audit");
});
afterEach(() => {
  execFileSync("umount", [mount]);
  rmSync(mount, { recursive: true });
});

const now = () => new Date("2026-03-09T10:00:00.000Z");
const open = () => openAuditLog({ directory, writer: "cli", key: () => key, now });
const verify = () => verifyAuditLog({ directory, keys: [key] });
const file = () => join(directory, "audit-20260309-cli.jsonl");
const notWritten = expect.objectContaining({
  code: "failed_precondition",
  message: "The audit log cannot be written.",
  cause: expect.anything(),
});

describe("on a full disk", () => {
  /** Leaves so many pages of 4 KiB. */
  function fill(pagesLeft: number): void {
    const { bfree } = JSON.parse(
      execFileSync("stat", ["--file-system", "--format", '{"bfree":%f}', mount], { encoding: "utf8" }),
    );
    writeFileSync(join(mount, "filler"), Buffer.alloc((bfree - pagesLeft) * 4096));
  }

  test("nothing is recorded, nothing is torn, and it goes on once there is room", async () => {
    const log = open();
    for (let count = 0; count < 3; count += 1) log.record(sampleEvent());
    for (const pagesLeft of [0, 1]) {
      fill(pagesLeft);
      let recorded = (await verify()).records;
      // A record that spans the end of the last page is written in part, and taken back.
      for (let refused = 0; refused < 20;) {
        const { size } = statSync(file());
        try {
          log.record(sampleEvent({ stage: "started", rule: "r".repeat(200) }));
          recorded += 1;
        } catch (error) {
          expect(error).toEqual(notWritten);
          expect(statSync(file()).size).toBe(size);
          refused += 1;
        }
      }
      expect(await verify()).toMatchObject({ intact: true, records: recorded });
      rmSync(join(mount, "filler"));
      log.record(sampleEvent());
      expect(await verify()).toMatchObject({ intact: true, records: recorded + 1 });
    }
  });

  test("not even the first record leaves more than a checkpoint", async () => {
    fill(1);
    expect(() => open().record(sampleEvent())).toThrow(notWritten);
    expect(await verify()).toMatchObject({ intact: true, records: 0 });
    rmSync(join(mount, "filler"));
    open().record(sampleEvent());
    expect(await verify()).toMatchObject({ intact: true, records: 1, findings: [] });
  });
});

test("on a disk that became read-only nothing is recorded, and what is there can be verified", async () => {
  const log = open();
  log.record(sampleEvent());
  execFileSync("mount", ["-o", "remount,ro", mount]);
  expect(() => log.record(sampleEvent())).toThrow(notWritten);
  expect(() => open().record(sampleEvent())).toThrow(notWritten);
  expect(await verify()).toMatchObject({ intact: true, records: 1, findings: [] });
  execFileSync("mount", ["-o", "remount,rw", mount]);
  log.record(sampleEvent());
  expect(await verify()).toMatchObject({ intact: true, records: 2 });
});
