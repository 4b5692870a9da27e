import {
  chmodSync,
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
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { createPrivateFile, type PrivateFile, readPrivateFile, replacePrivateFile } from "./private-file.ts";

let parent: string;
let file: PrivateFile<z.ZodType<{ a: number }>>;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cos-private-"));
  file = {
    path: join(parent, "config", "list.json"),
    what: "list",
    schema: z.strictObject({ a: z.number() }),
    hint: "Write it anew.",
  };
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const failure = (message: string): unknown =>
  expect.objectContaining({ code: "failed_precondition", message: `The list ${file.path} ${message}.` });

describe("a private file", () => {
  test("is undefined until it is made, and is this user's alone", () => {
    expect(readPrivateFile(file)).toBeUndefined();
    replacePrivateFile(file, { a: 1 });
    expect(readPrivateFile(file)).toEqual({ a: 1 });
    replacePrivateFile(file, { a: 2 });
    expect(readPrivateFile(file)).toEqual({ a: 2 });
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(parent, "config")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(parent, "config"))).toEqual(["list.json"]);
  });

  test("is made only when there is none", () => {
    expect(createPrivateFile(file, { a: 1 })).toBe(true);
    expect(createPrivateFile(file, { a: 2 })).toBe(false);
    expect(readPrivateFile(file)).toEqual({ a: 1 });
    expect(readdirSync(join(parent, "config"))).toEqual(["list.json"]);
  });

  test.each([0o640, 0o604, 0o620, 0o602, 0o666])("is refused when others can use it (mode %o)", (mode) => {
    replacePrivateFile(file, { a: 1 });
    chmodSync(file.path, mode);
    expect(() => readPrivateFile(file)).toThrow(failure("can be used by other users"));
  });

  test("can be one that others may read, and nothing more", () => {
    replacePrivateFile(file, { a: 1 });
    chmodSync(file.path, 0o644);
    expect(readPrivateFile({ ...file, readable: true })).toEqual({ a: 1 });
    chmodSync(file.path, 0o664);
    expect(() => readPrivateFile({ ...file, readable: true })).toThrow(failure("can be used by other users"));
  });

  test.each(["", "{", "null", '{"a":"1"}', '{"a":1,"b":2}', '{"a":1}{"a":2}'])(
    "is refused when it is damaged, and left as it is: %j",
    (text) => {
      mkdirSync(join(parent, "config"));
      writeFileSync(file.path, text, { mode: 0o600 });
      expect(() => readPrivateFile(file)).toThrow(failure("is damaged"));
      expect(() => readPrivateFile(file)).toThrow(expect.objectContaining({ hint: "Write it anew." }));
      expect(readFileSync(file.path, "utf8")).toBe(text);
    },
  );

  test("is refused when it cannot be read or written", () => {
    mkdirSync(file.path, { recursive: true, mode: 0o700 });
    expect(() => readPrivateFile(file)).toThrow(failure("is no file"));
    expect(() => replacePrivateFile(file, { a: 1 })).toThrow(failure("cannot be written"));
    expect(readdirSync(join(parent, "config"))).toEqual(["list.json"]);
  });

  test("may be a link to one, whose own rights count, and which is replaced by what is written", () => {
    const real = join(parent, "real.json");
    writeFileSync(real, '{"a":1}', { mode: 0o600 });
    mkdirSync(join(parent, "config"));
    symlinkSync(real, file.path);
    expect(readPrivateFile(file)).toEqual({ a: 1 });
    chmodSync(real, 0o644);
    expect(() => readPrivateFile(file)).toThrow(failure("can be used by other users"));
    replacePrivateFile(file, { a: 2 });
    expect(readFileSync(real, "utf8")).toBe('{"a":1}');
    expect(existsSync(file.path)).toBe(true);
  });
});
