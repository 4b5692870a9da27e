import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileEntry } from "@cos/core";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { LocalPlace } from "./local-files.ts";

let base: string;
let outside: string;

beforeEach(() => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "local-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  [base, outside] = [join(directory, "here"), join(directory, "outside")];
  mkdirSync(base);
  mkdirSync(outside);
  writeFileSync(join(outside, "kept"), "kept");
});

function file(path: string, text = "new", mode = 0o644): FileEntry {
  async function* content() {
    yield Buffer.from(text);
  }
  return { path, type: "file", mode, size: text.length, content: content() };
}
const directory = (path: string): FileEntry => ({ path, type: "directory", mode: 0o755, size: 0 });
const inTheWay = { code: "failed_precondition", hint: expect.any(String) };

describe("a place for files", () => {
  test("takes a tree, and replaces files that are there", async () => {
    const place = await LocalPlace.below(base, "out");
    for (const _time of [1, 2]) {
      await place.write(directory("."), false);
      await place.write(file("deep/er/a"), false);
      await place.write(file("tool", "#!", 0o4755), false);
    }
    expect(readFileSync(join(base, "out/deep/er/a"), "utf8")).toBe("new");
    expect(lstatSync(join(base, "out/tool")).mode & 0o7777).toBe(0o755);
    expect(readdirSync(join(base, "out")).toSorted()).toEqual(["deep", "tool"]);
  });

  test("is an existing directory, or a new name in one", async () => {
    mkdirSync(join(base, "there"));
    symlinkSync(join(base, "there"), join(base, "link"));
    expect((await LocalPlace.named(join(base, "there"), "own")).path).toBe(join(base, "there/own"));
    expect((await LocalPlace.named(join(base, "link"), "own")).path).toBe(join(base, "there/own"));
    expect((await LocalPlace.named(join(base, "new"), "own")).path).toBe(join(base, "new"));
    for (const path of [join(base, "no/such"), join(base, "new/")]) {
      await expect(LocalPlace.named(path, "own"), path).rejects.toMatchObject({ code: "not_found" });
    }
  });

  test.each(["..", "../x", "/etc", "a/../../x", "", ".", "a\nb"])("cannot be called %j", async (name) => {
    await expect(LocalPlace.below(base, name)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("does not go through a link, to a directory or a file", async () => {
    symlinkSync(outside, join(base, "link"));
    symlinkSync(join(outside, "kept"), join(base, "kept"));
    const place = await LocalPlace.below(base, "link");
    await expect(place.write(file("kept"), false)).rejects.toMatchObject(inTheWay);
    await expect(place.write(directory("."), false)).rejects.toMatchObject(inTheWay);
    await expect((await LocalPlace.below(base, "kept")).write(file("kept"), true)).rejects.toMatchObject(inTheWay);
    expect(readFileSync(join(outside, "kept"), "utf8")).toBe("kept");
    expect(readdirSync(outside)).toEqual(["kept"]);
  });

  test("leaves the other names of a file alone", async () => {
    linkSync(join(outside, "kept"), join(base, "same"));
    await (await LocalPlace.below(base, "same")).write(file("x"), true);
    expect(readFileSync(join(base, "same"), "utf8")).toBe("new");
    expect(readFileSync(join(outside, "kept"), "utf8")).toBe("kept");
  });

  test("does not put a file in place of a directory, nor the other way round", async () => {
    mkdirSync(join(base, "d"));
    writeFileSync(join(base, "f"), "old");
    await expect((await LocalPlace.below(base, "d")).write(file("x"), true)).rejects.toMatchObject(inTheWay);
    await expect((await LocalPlace.below(base, "f")).write(directory("."), false)).rejects.toMatchObject(inTheWay);
    expect(readFileSync(join(base, "f"), "utf8")).toBe("old");
  });

  test("keeps the old file when the new one breaks off, and leaves nothing else", async () => {
    writeFileSync(join(base, "f"), "old");
    async function* broken() {
      yield Buffer.from("half");
      throw new RangeError("gone");
    }
    const entry: FileEntry = { ...file("f"), content: broken() };
    await expect((await LocalPlace.below(base, "f")).write(entry, true)).rejects.toThrow(RangeError);
    expect(readFileSync(join(base, "f"), "utf8")).toBe("old");
    expect(readdirSync(base)).toEqual(["f"]);
  });

  test("takes no links or devices", async () => {
    const place = await LocalPlace.below(base, "out");
    await place.write({ path: "l", type: "symlink", mode: 0o777, size: 0, skipped: "it is a symbolic link" }, false);
    expect(readdirSync(base)).toEqual([]);
  });

  test("writes nothing outside, whatever the names are", async () => {
    const parts = ["a", "..", ".", "", "/", "link", "\0", "b\u202ec", "kept", "~"];
    symlinkSync(outside, join(base, "link"));
    const place = await LocalPlace.below(base, "out");
    for (const one of parts) {
      for (const two of parts) {
        for (const three of parts) {
          await place.write(file([one, two, three].join("/")), false).catch(() => undefined);
        }
      }
    }
    expect(readdirSync(outside)).toEqual(["kept"]);
    expect(readdirSync(base).filter((name) => name !== "out")).toEqual(["link"]);
  });
});
