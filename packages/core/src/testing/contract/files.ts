import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import type { FileToWrite, ReadFilesOptions } from "../../files.ts";
import { type Bench } from "./setup.ts";

/** What a container has under a path: each entry with its content as text, if it is a file. */
export async function readEntries(engine: Engine, id: string, path: string, options?: ReadFilesOptions) {
  const entries: { path: string; type: string; mode: number; size: number; text?: string }[] = [];
  for await (const { content, ...entry } of engine.containers.readFiles(id, path, options)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of content ?? []) pieces.push(Buffer.from(piece));
    entries.push({ ...entry, ...(content === undefined ? {} : { text: Buffer.concat(pieces).toString("latin1") }) });
  }
  return entries;
}

function file(path: string, text: string, mode?: number): FileToWrite {
  const bytes = Buffer.from(text, "latin1");
  return { path, type: "file", size: bytes.byteLength, content: [bytes], ...(mode === undefined ? {} : { mode }) };
}

function byFirst([one]: unknown[], [other]: unknown[]): number {
  return String(one) < String(other) ? -1 : 1;
}

const long = `${"long-".repeat(40)}name`;

export function describeFiles(bench: Bench): void {
  describe("files", () => {
    test.each([
      ["text", "note.txt", "hello\n"],
      ["no bytes at all", "empty", ""],
      ["every byte", "bytes.bin", String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))],
      ["a name that is not ASCII", "grüße 日本 🙂.txt", "x"],
      ["a name with quotes and spaces", `it's "a" $(name)`, "x"],
      ["a long name", long, "x"],
      ["a long path", `${long}/${long}/${long}/file`, "x"],
      ["content of many pieces", "big", "0123456789abcdef".repeat(65_536)],
    ])("with %s come back as they were", async (_case, path, text) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const written = await engine.containers.writeFiles(id, "/tmp", [file(path, text)]);
      expect(written).toEqual({ files: 1, bytes: text.length });
      const name = path.split("/").at(-1);
      const [got, ...others] = await readEntries(engine, id, `/tmp/${path}`);
      expect(others).toEqual([]);
      expect(got).toMatchObject({ path: name, type: "file", mode: 0o644, size: text.length });
      expect(got?.text === text).toBe(true);
    });

    test("come with their directory, which comes first, and with the modes they were given", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.writeFiles(id, "/tmp", [
        { path: "app", type: "directory", mode: 0o750, size: 0 },
        file("app/run.sh", "#!/bin/sh\n", 0o755),
        file("app/data/one", "1", 0o600),
        file("app/data/two", "22"),
      ]);
      const [first, ...rest] = await readEntries(engine, id, "/tmp/app");
      expect(first).toMatchObject({ path: ".", type: "directory", mode: 0o750, size: 0 });
      expect(rest.map(({ path, type, mode, text }) => [path, type, mode, text]).toSorted(byFirst)).toEqual([
        ["data", "directory", 0o755, undefined],
        ["data/one", "file", 0o600, "1"],
        ["data/two", "file", 0o644, "22"],
        ["run.sh", "file", 0o755, "#!/bin/sh\n"],
      ]);
    });

    test("have no setuid, setgid or sticky bit, whatever was asked for", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.writeFiles(id, "/tmp", [file("tool", "x", 0o7755)]);
      expect(await readEntries(engine, id, "/tmp/tool")).toMatchObject([{ mode: 0o755 }]);
    });

    test("replace files of their name, but neither do files replace directories nor the other way round", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const write = (entry: FileToWrite) => engine.containers.writeFiles(id, "/tmp", [entry]);
      await write(file("a", "old and long"));
      await write(file("a", "new"));
      expect(await readEntries(engine, id, "/tmp/a")).toMatchObject([{ text: "new" }]);
      await write({ path: "d", type: "directory", size: 0 });
      await expect(write(file("d", "x"))).rejects.toMatchObject({ code: "conflict", hint: expect.any(String) });
      await expect(write({ path: "a", type: "directory", size: 0 })).rejects.toMatchObject({ code: "conflict" });
      expect(await readEntries(engine, id, "/tmp/a")).toMatchObject([{ text: "new" }]);
    });

    test("of a container that has ended are read and written all the same", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.stop(id);
      await engine.containers.writeFiles(id, "/tmp", [file("late", "x")]);
      expect(await readEntries(engine, id, "/tmp/late")).toMatchObject([{ text: "x" }]);
    });

    test("that are not there are not found, and a file is no directory", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.writeFiles(id, "/tmp", [file("a", "x")]);
      const missing = { code: "not_found", hint: expect.any(String) };
      await expect(readEntries(engine, id, "/no/such/file")).rejects.toMatchObject(missing);
      await expect(engine.containers.writeFiles(id, "/no/such", [file("a", "x")])).rejects.toMatchObject(missing);
      await expect(engine.containers.writeFiles(id, "/tmp/a", [file("a", "x")])).rejects.toMatchObject({
        code: "failed_precondition",
        hint: expect.any(String),
      });
    });

    test("are read up to a limit", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const directory: FileToWrite = { path: "d", type: "directory", size: 0 };
      await engine.containers.writeFiles(id, "/tmp", [directory, file("d/a", "12345"), file("d/b", "12345")]);
      expect(await readEntries(engine, id, "/tmp/d", { limitBytes: 10 })).toHaveLength(3);
      await expect(readEntries(engine, id, "/tmp/d", { limitBytes: 9 })).rejects.toMatchObject({
        code: "failed_precondition",
        hint: expect.any(String),
      });
    });

    test("need not be read to the end, neither all nor each", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const big = file("d/big", "x".repeat(3_000_000));
      await engine.containers.writeFiles(id, "/tmp", [
        { path: "d", type: "directory", size: 0 },
        big,
        { ...big, path: "d/more" },
      ]);
      const seen: string[] = [];
      for await (const { path, content } of engine.containers.readFiles(id, "/tmp/d")) {
        seen.push(path);
        for await (const _piece of content ?? []) break;
      }
      expect(seen.toSorted()).toEqual([".", "big", "more"]);
      for await (const _entry of engine.containers.readFiles(id, "/tmp/d")) break;
      expect(await engine.ping()).toMatchObject({ latencyMs: expect.any(Number) });
    });

    test.each([
      "",
      "etc",
      "../etc",
      "/etc/",
      "/etc//passwd",
      "/tmp/../etc",
      "/tmp/./a",
      "/a\0b",
      "/a\nb",
      "/a\u001b[2J",
    ])("are not read from or written to the path %j", async (path) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const refused = { code: "invalid_argument", hint: expect.any(String) };
      await expect(readEntries(engine, id, path)).rejects.toMatchObject(refused);
      await expect(engine.containers.writeFiles(id, path, [file("a", "x")])).rejects.toMatchObject(refused);
    });

    test.each([
      "",
      ".",
      "..",
      "/etc/passwd",
      "../a",
      "a/../../b",
      "a//b",
      "a/",
      "./a",
      "a\0b",
      "a\nb",
      "\u001b[2J",
      "\ud800",
    ])("are not written by the name %j", async (path) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await expect(engine.containers.writeFiles(id, "/tmp", [file(path, "x")])).rejects.toMatchObject({
        code: "invalid_argument",
      });
    });

    test("whose content is not as long as was said are refused", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      for (const size of [1, 3]) {
        const wrong = { ...file("a", "xx"), size };
        await expect(engine.containers.writeFiles(id, "/tmp", [wrong])).rejects.toMatchObject({
          code: "failed_precondition",
        });
      }
    });
  });
}
