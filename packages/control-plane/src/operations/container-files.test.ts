import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost } from "@cos/core/testing";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { agent, type Bench, openBench, person } from "../testing/bench.ts";

const host = createMemoryHost();
let engine: Engine;
let bench: Bench;

beforeEach(async () => {
  engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: { app: async () => 0 }, host });
  bench = openBench({ engine });
  host.containers.clear();
  await engine.containers.create({ owner: "agent", spec: defineWorkload({ env: { image: "app" }, name: "web" }) });
});

const get = (input: object, more = {}) => bench.perform("container_files_get", { container: "web", ...input }, more);
const put = (input: object, more = {}) => bench.perform("container_files_put", { container: "web", ...input }, more);

/** A directory of this machine with files, directories and links. */
function makeSource(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "files-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, "site/css"), { recursive: true });
  writeFileSync(join(directory, "site/index.html"), "<p>hello", { mode: 0o640 });
  writeFileSync(join(directory, "site/css/a.css"), "");
  symlinkSync("/etc/passwd", join(directory, "site/passwd"));
  return directory;
}

describe("files of a container", () => {
  test("come back as they were put, with their size, mode and digest", async () => {
    const files = [
      { path: "note", content: "grüß dich" },
      { path: "deep/raw", content: "/w==", encoding: "base64", mode: "755" },
    ];
    expect(await put({ path: "/tmp", files })).toMatchObject({ status: "done", result: { written: 2, bytes: 12 } });
    expect(await get({ path: "/tmp/note" })).toMatchObject({
      status: "done",
      text: "grüß dich",
      result: {
        bytes: 11,
        files: [{ path: "note", type: "file", mode: "644", size: 11, content: "grüß dich", encoding: "utf8" }],
      },
    });
    expect(await get({ path: "/tmp/deep" })).toMatchObject({
      result: {
        files: [
          { path: ".", type: "directory" },
          {
            path: "raw",
            mode: "755",
            content: "/w==",
            encoding: "base64",
            sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          },
        ],
      },
    });
  });

  test("come in an answer without the secrets that the container was given, and as they are to who copies them", async () => {
    const secrets = () => "correct horse battery staple";
    const variables = { TOKEN: "secret://TOKEN" };
    const spec = defineWorkload({ env: { image: "app" }, name: "keeper", variables });
    const { id } = await engine.containers.create({ owner: "agent", spec, secrets });
    const content = [Buffer.from("token=correct horse battery staple\n")];
    await engine.containers.writeFiles(id, "/tmp", [{ path: "conf", type: "file", size: 35, content }]);
    const keeper = openBench({ engine, secrets });
    const read = async (more = {}) =>
      await keeper.perform("container_files_get", { container: "keeper", path: "/tmp/conf" }, more);
    expect(await read()).toMatchObject({
      result: { files: [{ size: 21, content: "token=[secret TOKEN]\n" }] },
    });
    const copied: Buffer[] = [];
    await read({
      files: async (_: string, { content: pieces = [] }: { content?: AsyncIterable<Uint8Array> | [] }) => {
        for await (const piece of pieces) copied.push(Buffer.from(piece));
      },
    });
    expect(Buffer.concat(copied).toString()).toBe("token=correct horse battery staple\n");
  });

  test("are not read past the limit, which is 1 MiB unless raised, or they are streamed", async () => {
    const big = Buffer.alloc(1024 * 1024 + 1, "a");
    await engine.containers.writeFiles((await engine.containers.list())[0]?.id ?? "", "/tmp", [
      { path: "big", type: "file", size: big.byteLength, content: [big] },
    ]);
    await expect(get({ path: "/tmp/big" })).rejects.toMatchObject({ code: "failed_precondition" });
    const { result } = (await get({ path: "/tmp/big", limitBytes: 2 * 1024 * 1024 })) as {
      result: { files: { content?: string }[] };
    };
    expect(result.files).toMatchObject([{ size: big.byteLength, sha256: expect.any(String) }]);
    expect(result.files[0]?.content, "too large for an answer").toBeUndefined();
    const taken: string[] = [];
    const files = async (_: string, { path, size }: { path: string; size: number }) =>
      void taken.push(`${path} ${size}`);
    expect(await get({ path: "/tmp/big" }, { files })).toMatchObject({ result: { bytes: big.byteLength } });
    expect(taken).toEqual([`big ${big.byteLength}`]);
  });

  test("are copied from this machine, under their own name into a directory that is there, else under a new one", async () => {
    const root = makeSource();
    const caller = { ...person, hostRoots: [root] };
    const source = join(root, "site");
    expect(await put({ path: "/tmp", source }, { caller })).toMatchObject({
      result: {
        path: "/tmp/site",
        written: 2,
        bytes: 8,
        skipped: [{ path: "passwd", reason: "it is a symbolic link" }],
      },
    });
    expect(await put({ path: "/tmp/new", source }, { caller })).toMatchObject({ result: { path: "/tmp/new" } });
    expect(await put({ path: "/tmp/x.html", source: join(source, "index.html") }, { caller })).toMatchObject({
      result: { path: "/tmp/x.html", written: 1 },
    });
    for (const path of ["/tmp/site/index.html", "/tmp/new/index.html", "/tmp/x.html"]) {
      expect(await get({ path })).toMatchObject({ text: "<p>hello", result: { files: [{ mode: "640" }] } });
    }
  });

  test("are not copied from outside the roots, also not through a link", async () => {
    const root = makeSource();
    symlinkSync("/etc", join(root, "etc"));
    for (const source of ["/etc/hostname", join(root, "../x"), join(root, "etc/hostname"), join(root, "site/passwd")]) {
      await expect(
        put({ path: "/tmp", source }, { caller: { ...agent, hostRoots: [root] } }),
        source,
      ).rejects.toMatchObject({
        code: "denied",
      });
    }
  });

  test.each([
    ["neither files nor a source", { path: "/tmp" }],
    ["both", { path: "/tmp", files: [{ path: "a", content: "" }], source: "." }],
    ["a path that is not absolute", { path: "tmp", files: [{ path: "a", content: "" }] }],
    ["a path upwards", { path: "/tmp/../etc", files: [{ path: "a", content: "" }] }],
    ["a file upwards", { path: "/tmp", files: [{ path: "../etc/passwd", content: "" }] }],
    ["an absolute file", { path: "/tmp", files: [{ path: "/etc/passwd", content: "" }] }],
    ["a file with a control character", { path: "/tmp", files: [{ path: "a\u001b[2J", content: "" }] }],
    ["setuid", { path: "/tmp", files: [{ path: "a", content: "", mode: "4755" }] }],
    ["what is no base64", { path: "/tmp", files: [{ path: "a", content: "?", encoding: "base64" }] }],
    ["more than 1 MiB", { path: "/tmp", files: [{ path: "a", content: "x".repeat(1024 * 1024 + 1) }] }],
    ["half a secret", { path: "/tmp", files: [{ path: "a", content: "secret://A b" }] }],
  ])("are not put by a call with %s", async (_case, input) => {
    await expect(put(input)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("are neither read from nor written to containers that cos did not make", async () => {
    addContainer(host, { name: "theirs" });
    const files = [{ path: "a", content: "x" }];
    for (const call of [
      get({ container: "theirs", path: "/etc" }),
      put({ container: "theirs", path: "/etc", files }),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "failed_precondition", hint: expect.any(String) });
    }
  });

  test("hold secrets only where they are, and say so beforehand", async () => {
    const files = [{ path: "token", content: "secret://TOKEN" }];
    const { question } = await bench.controlPlane.explain({
      operation: "container_files_put",
      input: { container: "web", path: "/tmp", files },
      caller: agent,
    });
    expect(question).toMatchObject({ secrets: true, hostPaths: [] });
    await expect(put({ path: "/tmp", files })).rejects.toMatchObject({ code: "not_found" });
  });
});
