import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startProgram } from "./audit/testing/log-directory.ts";
import { withLock } from "./lock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cos-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("on Linux, the lock of a real zombie is taken over", async () => {
  const path = join(directory, "state.lock");
  const program = `
    withLock(args[0], () => {
      say("held");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  `;
  const { child, said, ended } = startProgram(program, path);
  await said("held");
  child.kill("SIGKILL");
  // No turn of the event loop: Node has not yet asked for the child's exit code, and it is a zombie.
  expect(withLock(path, () => "taken")).toBe("taken");
  await ended;
});
