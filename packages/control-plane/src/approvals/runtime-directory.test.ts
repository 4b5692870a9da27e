import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureRuntimeDirectory, findServers, socketPath } from "./runtime-directory.ts";

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cos-run-"));
  directory = join(parent, "state", "run");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const refused = (message: string): unknown =>
  expect.objectContaining({
    code: "failed_precondition",
    message: expect.stringContaining(message) as string,
    hint: expect.stringContaining("COS_RUNTIME_DIR") as string,
  });

describe("the runtime directory", () => {
  test("is made for this user alone, and is then used", () => {
    ensureRuntimeDirectory(directory);
    ensureRuntimeDirectory(directory);
    expect(lstatSync(directory).mode & 0o777).toBe(0o700);
    expect(findServers(directory)).toEqual([]);
  });

  test("is not made by looking for servers", () => {
    expect(findServers(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  test.each([0o701, 0o710, 0o720, 0o755, 0o777, 0o1777])("is refused when others can use it (mode %o)", (mode) => {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, mode);
    expect(() => ensureRuntimeDirectory(directory)).toThrow(refused("can be used by other users"));
    expect(() => findServers(directory)).toThrow(refused("can be used by other users"));
    expect(lstatSync(directory).mode & 0o7777).toBe(mode);
  });

  test.each(["", "/", "/."])("is refused when it is a link, also when named with %j at its end", (end) => {
    const elsewhere = join(parent, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o700 });
    mkdirSync(join(parent, "state"));
    symlinkSync(elsewhere, directory);
    expect(() => ensureRuntimeDirectory(directory + end)).toThrow(refused("not a directory itself"));
    expect(() => findServers(directory + end)).toThrow(refused("not a directory itself"));
  });

  test("is refused when it is a file, or lies below one", () => {
    mkdirSync(join(parent, "state"));
    writeFileSync(directory, "", { mode: 0o600 });
    expect(() => ensureRuntimeDirectory(directory)).toThrow(refused("cannot be made"));
    expect(() => findServers(directory)).toThrow(refused("not a directory itself"));
    expect(() => ensureRuntimeDirectory(join(directory, "below"))).toThrow(refused("cannot be made"));
  });

  test("can be as deep as a socket's path can be long", () => {
    const id = `1234567890-${"0".repeat(16)}`;
    const longest = `/${"x".repeat(103 - 1 - `/approvals-${id}.sock`.length)}`;
    expect(Buffer.byteLength(socketPath(longest, id))).toBe(103);
    expect(() => socketPath(`${longest}x`, id)).toThrow(refused("too long"));
    expect(() => socketPath(`${longest.slice(0, -1)}é`, id)).toThrow(refused("too long"));
  });
});
