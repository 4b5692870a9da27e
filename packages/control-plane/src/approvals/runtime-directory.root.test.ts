import { chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureRuntimeDirectory, findServers } from "./runtime-directory.ts";

const somebody = 12_345;
let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cos-run-"));
  directory = join(parent, "run");
  mkdirSync(directory, { mode: 0o700 });
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe("the runtime directory of somebody else", () => {
  test("is not where a server listens, also not root's", () => {
    chownSync(directory, somebody, somebody);
    expect(() => ensureRuntimeDirectory(directory)).toThrow(
      expect.objectContaining({ code: "failed_precondition", message: expect.stringContaining("another user") }),
    );
  });

  test("is where root may look", () => {
    chownSync(directory, somebody, somebody);
    expect(findServers(directory)).toEqual([]);
  });
});
