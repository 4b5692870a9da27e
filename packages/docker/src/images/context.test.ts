import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BuildSpec, CosError } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packContextFiles } from "./context-archive.ts";
import { listContextFiles } from "./context-files.ts";
import { BuildContext } from "./context.ts";
import { IgnoreRules } from "./dockerignore.ts";

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "cos-context-")));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

async function packed(context: BuildContext, digest?: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of context.pack(context.dockerfile, digest ?? (await context.digest())))
    chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const tar = (archive: Buffer, ...args: string[]) =>
  execFileSync("tar", ["-f-", ...args], { input: archive }).toString("utf8");
const names = async (context: BuildContext) =>
  tar(await packed(context), "-t")
    .split("\n")
    .slice(0, -1)
    .toSorted();
const open = (build: BuildSpec = {}) => BuildContext.open({ context: root, ...build }, [root]);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => (CosError.is(error) ? error.code : error),
  );

describe("a build context", () => {
  test("holds what the ignore file does not exclude, and the directories on the way there", async () => {
    write({
      Dockerfile: "FROM busybox",
      ".dockerignore": "*\n!src/keep\nsrc/keep/not",
      "src/keep/a": "",
      "src/keep/not": "",
      "src/b": "",
      "lib/c": "",
    });
    expect(await names(await open())).toEqual([".cos-dockerfile", ".dockerignore", "src/", "src/keep/", "src/keep/a"]);
  });

  test("takes the Dockerfile's own ignore file before the common one", async () => {
    write({ "app.Dockerfile": "FROM busybox", "app.Dockerfile.dockerignore": "a", ".dockerignore": "b", a: "", b: "" });
    expect(await names(await open({ dockerfile: "app.Dockerfile" }))).toEqual([
      ".cos-dockerfile",
      ".dockerignore",
      "app.Dockerfile",
      "app.Dockerfile.dockerignore",
      "b",
    ]);
  });

  test("stores links as links, hard links as files, and leaves out pipes", async () => {
    write({ Dockerfile: "FROM busybox", file: "content" });
    symlinkSync("/etc/passwd", join(root, "outside"));
    symlinkSync("/etc", join(root, "directory"));
    symlinkSync("missing", join(root, "dangling"));
    linkSync(join(root, "file"), join(root, "hard"));
    execFileSync("mkfifo", [join(root, "pipe")]);
    const archive = await packed(await open());
    const listing = tar(archive, "-tv");
    expect(listing).toContain("outside -> /etc/passwd");
    expect(listing).toContain("directory -> /etc\n");
    expect(listing).toContain("dangling -> missing");
    expect(listing).not.toContain("pipe");
    expect(tar(archive, "-xO", "hard")).toBe("content");
  });

  test("has a copy of the Dockerfile under a name of its own, which the builder hides from COPY", async () => {
    write({ Dockerfile: "FROM busybox", ".cos-dockerfile": "taken", a: "" });
    const context = await open();
    expect(context.dockerfilePath).toBe(".cos-dockerfile-2");
    const archive = await packed(context);
    expect(tar(archive, "-xO", ".cos-dockerfile-2")).toBe("FROM busybox");
    expect(tar(archive, "-xO", ".dockerignore")).toBe(".dockerignore\n.cos-dockerfile-2\n");
    write({ ".dockerignore": "a" });
    expect(tar(await packed(await open({ inline: "FROM scratch" })), "-xO", ".dockerignore")).toBe(
      "a\n.cos-dockerfile-2\n",
    );
  });

  test("is the Dockerfile alone when there is no directory", async () => {
    const context = await BuildContext.open({ inline: "FROM busybox" }, []);
    expect(await names(context)).toEqual([".cos-dockerfile", ".dockerignore"]);
  });

  test("has a digest that follows content, names and modes, and not times", async () => {
    write({ Dockerfile: "FROM busybox", a: "1" });
    chmodSync(join(root, "a"), 0o644);
    const digest = async () => await (await open()).digest();
    const first = await digest();
    utimesSync(join(root, "a"), 1, 1);
    expect(await digest()).toBe(first);
    chmodSync(join(root, "a"), 0o755);
    const executable = await digest();
    writeFileSync(join(root, "a"), "2");
    const changed = await digest();
    renameSync(join(root, "a"), join(root, "b"));
    expect(new Set([first, executable, changed, await digest()]).size).toBe(4);
  });

  test("is not sent to its end when it changed after its digest was taken", async () => {
    write({ Dockerfile: "FROM busybox", big: "x".repeat(3_000_000) });
    const context = await open();
    const digest = await context.digest();
    expect((await packed(context, digest)).subarray(-1024)).toEqual(Buffer.alloc(1024));
    write({ big: "y".repeat(3_000_000) });
    expect(await codeOf(packed(context, digest))).toBe("failed_precondition");
  });

  test("notices a directory that became a link to somewhere else", async () => {
    const outside = mkdtempSync(join(tmpdir(), "cos-outside-"));
    writeFileSync(join(outside, "secret"), "secret");
    write({ Dockerfile: "FROM busybox", "dir/secret": "public" });
    const context = await open();
    renameSync(join(root, "dir"), join(root, "moved"));
    symlinkSync(outside, join(root, "dir"));
    expect(await codeOf(packed(context))).toBe("failed_precondition");
    rmSync(outside, { recursive: true });
  });

  test.each([
    ["below no root", async () => await BuildContext.open({ context: root }, []), "denied"],
    [
      "outside the root, by a link",
      async () => await BuildContext.open({ context: join(root, "link") }, [root]),
      "denied",
    ],
    [
      "that does not exist",
      async () => await BuildContext.open({ context: join(root, "missing") }, [root]),
      "not_found",
    ],
    [
      "that is a file",
      async () => await BuildContext.open({ context: join(root, "file") }, [root]),
      "invalid_argument",
    ],
    ["without a Dockerfile", async () => await open(), "not_found"],
    ["whose Dockerfile is a link", async () => await open({ dockerfile: "link" }), "invalid_argument"],
  ])("%s is refused", async (_what, run, code) => {
    write({ file: "" });
    symlinkSync("/etc", join(root, "link"));
    expect(await codeOf(run())).toBe(code);
  });

  test("with too many files or bytes is refused", async () => {
    write({ a: "12345", b: "12345", "c/d": "" });
    const rules = IgnoreRules.parse("");
    const files = await listContextFiles(root, { rules, maxEntries: 4 });
    expect(files.map(({ path }) => path)).toEqual(["a", "b", "c", "c/d"]);
    await expect(listContextFiles(root, { rules, maxEntries: 3 })).rejects.toThrow("more than 3 entries");
    const pack = (maxBytes: number) => [
      ...packContextFiles(root, files, { pieceBytes: 65_536, memoryPieces: 3, maxBytes }),
    ];
    expect(pack(10)).toHaveLength(1);
    expect(() => pack(9)).toThrow("more than 9 bytes");
  });

  test("is packed in pieces of any size to the same archive", async () => {
    write({ "dir/empty": "", "dir/long": "x".repeat(100_000), [`${"n".repeat(120)}/é`]: "y", z: "z".repeat(512) });
    symlinkSync("z", join(root, "link"));
    const files = await listContextFiles(root, { rules: IgnoreRules.parse("") });
    const archives = [20_000, 65_536, 1_000_000].map((pieceBytes) => {
      const pieces: Buffer[] = [];
      for (const piece of packContextFiles(root, files, { pieceBytes, memoryPieces: 1 })) {
        expect(piece.byteLength).toBeGreaterThan(0);
        expect(piece.byteLength).toBeLessThanOrEqual(pieceBytes);
        pieces.push(Buffer.from(piece));
      }
      return Buffer.concat(pieces);
    });
    expect(archives[1]).toEqual(archives[0]);
    expect(archives[2]).toEqual(archives[0]);
    expect(tar(Buffer.concat([archives[0] ?? Buffer.alloc(0), Buffer.alloc(1024)]), "-xO", "dir/long")).toHaveLength(
      100_000,
    );
  });

  test("is packed into memory for as many pieces as are said", async () => {
    write(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`f${index}`, `${index}`.repeat(20_000)])));
    const files = await listContextFiles(root, { rules: IgnoreRules.parse("") });
    const pieces = [...packContextFiles(root, files, { pieceBytes: 20_000, memoryPieces: 3 })];
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(3);
    const kept = [...packContextFiles(root, files, { pieceBytes: 20_000, memoryPieces: 1000 })];
    expect(pieces.slice(-3)).toEqual(kept.slice(-3));
    expect(pieces[0]).not.toEqual(kept[0]);
  });

  test("lets others have their turn while it is listed", async () => {
    write(Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`d${index % 7}/f${index}`, ""])));
    let turns = 0;
    let immediate: NodeJS.Immediate;
    const count = () => {
      turns++;
      immediate = setImmediate(count);
    };
    count();
    await listContextFiles(root, { rules: IgnoreRules.parse("") });
    clearImmediate(immediate!);
    expect(turns).toBeGreaterThan(2);
  });
});
