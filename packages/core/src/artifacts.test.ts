import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { collectArtifacts } from "./artifacts.ts";
import { CosError } from "./errors.ts";
import type { FileEntry } from "./files.ts";

const directory: FileEntry = { path: ".", type: "directory", mode: 0o755, size: 0 };
const kib = 1024;

function file(path: string, size: number): FileEntry {
  async function* content() {
    yield Buffer.alloc(size, "a");
  }
  return { path, type: "file", mode: 0o644, size, content: content() };
}

const reading = (under: Readonly<Record<string, readonly FileEntry[]>>) =>
  async function* (path: string) {
    const found = under[path];
    if (found === undefined) throw new CosError("not_found", "There is none.");
    yield* found;
  };

describe("artifacts", () => {
  test("carry their content up to 256 KiB, and 1 MiB together", async () => {
    const names = ["a", "b", "c", "d", "e"];
    const files = [file("large", 256 * kib + 1), ...names.map((name) => file(name, 256 * kib))];
    const { artifacts } = await collectArtifacts(["/out"], reading({ "/out": [directory, ...files] }));
    expect(artifacts.map(({ path, content }) => [path, content !== undefined])).toEqual([
      ["/out/large", false],
      ["/out/a", true],
      ["/out/b", true],
      ["/out/c", true],
      ["/out/d", true],
      ["/out/e", false],
    ]);
    const sha256 = createHash("sha256")
      .update(Buffer.alloc(256 * kib, "a"))
      .digest("hex");
    expect(artifacts.at(-1)).toEqual({ path: "/out/e", size: 256 * kib, sha256 });
  });

  test("are read up to 64 MiB; of a directory what follows is left out, of other paths what still fits is read", async () => {
    const mib = 1024 * kib;
    const { artifacts, missingArtifacts } = await collectArtifacts(
      ["/out", "/small"],
      reading({
        "/out": [directory, file("a", 60 * mib), file("b", 5 * mib), file("c", 1)],
        "/small": [file("small", 1)],
      }),
    );
    expect(artifacts.map(({ path, truncated, sha256 }) => [path, truncated, sha256 !== undefined])).toEqual([
      ["/out/a", undefined, true],
      ["/out/b", true, false],
      ["/small", undefined, true],
    ]);
    expect(missingArtifacts).toEqual([]);
  });

  test("are at most a thousand", async () => {
    const files = Array.from({ length: 1200 }, (_, index) => file(`f${index}`, 0));
    const { artifacts } = await collectArtifacts(["/out"], reading({ "/out": [directory, ...files] }));
    expect(artifacts).toHaveLength(1000);
  });

  test("that are links are passed over, and alone they are missing, like what is not there", async () => {
    const link: FileEntry = { path: "l", type: "symlink", mode: 0o777, size: 0, skipped: "it is a symbolic link" };
    const { artifacts, missingArtifacts } = await collectArtifacts(
      ["/out", "/l", "/none"],
      reading({ "/out": [directory, link, file("a", 1)], "/l": [link] }),
    );
    expect(artifacts.map(({ path }) => path)).toEqual(["/out/a"]);
    expect(missingArtifacts).toEqual(["/l", "/none"]);
  });

  test("that break off while they are read are missing", async () => {
    async function* broken() {
      yield Buffer.from("a");
      throw new CosError("unavailable", "gone");
    }
    const entry: FileEntry = { ...file("a", 2), content: broken() };
    const { artifacts, missingArtifacts } = await collectArtifacts(
      ["/a", "/b"],
      reading({ "/a": [entry], "/b": [file("b", 1)] }),
    );
    expect(artifacts.map(({ path }) => path)).toEqual(["/b"]);
    expect(missingArtifacts).toEqual(["/a"]);
  });

  test("that their taker fails at end with its failure", async () => {
    const sink = () => Promise.reject(new RangeError("full"));
    await expect(collectArtifacts(["/a"], reading({ "/a": [file("a", 1)] }), { sink })).rejects.toThrow(RangeError);
  });
});
