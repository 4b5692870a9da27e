import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { createSigner, defineWorkload, type Engine, type FileToWrite } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { callEngine, enginePath, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const testRun = `archive-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
const get = /^GET \/containers\/[0-9a-f]+\/archive/;
const put = /^PUT \/containers\/[0-9a-f]+\/archive/;
const mib = 1024 * 1024;

let proxy: FaultProxy;
let engine: Engine;
let direct: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
  direct = await connectDocker({ host: `unix://${enginePath()}`, signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  try {
    await Promise.all([engine.close(), direct.close()]);
  } finally {
    await proxy[Symbol.asyncDispose]();
    await removeContainersWith(label);
  }
});

const busybox = (command = "sleep 600", more = {}) => startRawContainer(label, { command, ...more });

function file(path: string, text = "x"): FileToWrite {
  return { path, type: "file", size: text.length, content: [Buffer.from(text, "latin1")] };
}

/** A file of that many MiB, with an account of how much of it was made. */
function big(path: string, size: number): { readonly entry: FileToWrite; readonly made: () => number } {
  let made = 0;
  async function* content() {
    for (; made < size; made++) yield Buffer.alloc(mib, made % 251);
  }
  return { entry: { path, type: "file", size: size * mib, content: content() }, made: () => made };
}

async function readAll(from: Engine, id: string, path: string, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const { content } of from.containers.readFiles(id, path, { signal })) {
    for await (const piece of content ?? []) bytes += piece.byteLength;
  }
  return bytes;
}

/** What a shell in the container prints, past cos, run by a user of the container. */
async function shell(id: string, line: string): Promise<string> {
  const name = `/printed-${randomBytes(4).toString("hex")}`;
  const body = { User: "0", Cmd: ["sh", "-c", `(${line}) > ${name}.part 2>&1; mv ${name}.part ${name}`] };
  const { Id } = await callEngine<{ Id: string }>("POST", `/containers/${id}/exec`, body);
  await callEngine("POST", `/exec/${Id}/start`, { Detach: true });
  await vi.waitFor(() => readAll(direct, id, name), { timeout: 10_000 });
  const pieces: Uint8Array[] = [];
  for await (const { content } of direct.containers.readFiles(id, name)) {
    for await (const piece of content ?? []) pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces).toString();
}

test("200 MiB go both ways with little of them in memory", async () => {
  const id = await busybox();
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
  try {
    expect(await direct.containers.writeFiles(id, "/tmp", [big("big", 200).entry])).toEqual({
      files: 1,
      bytes: 200 * mib,
    });
    expect(await readAll(direct, id, "/tmp/big")).toBe(200 * mib);
  } finally {
    clearInterval(watch);
  }
  expect((most - before) / mib).toBeLessThan(120);
}, 60_000);

describe("an archive from the engine", () => {
  test("that breaks off is not taken for whole", async () => {
    const id = await busybox();
    await direct.containers.writeFiles(id, "/tmp", [file("a", "x".repeat(3 * mib))]);
    for (const bodyBytes of [0, 300, 1024, 2 * mib]) {
      proxy.script(get, { kind: "cut-answer", bodyBytes });
      await expect(readAll(engine, id, "/tmp/a"), `after ${bodyBytes} bytes`).rejects.toMatchObject({
        code: "unavailable",
      });
    }
    expect(await readAll(engine, id, "/tmp/a")).toBe(3 * mib);
  });

  test("that stops moving ends with the caller's patience", async () => {
    const id = await busybox();
    proxy.script(get, { kind: "cut-answer", bodyBytes: 700, hang: true });
    const reading = readAll(engine, id, "/etc", AbortSignal.timeout(500));
    await expect(reading).rejects.toMatchObject({ code: "cancelled" });
  });

  test("in which the engine gives no name what was asked for is read all the same", async () => {
    const id = await busybox("mkdir -p /d/e; echo x > /d/e/f; ln -s /d/e /link; sleep 600");
    await expect.poll(() => readAll(engine, id, "/link").catch(() => 0), { timeout: 10_000 }).toBe(2);
    expect(await readAll(engine, id, "/d/e/f")).toBe(2);
  });

  test("from a tmpfs is refused, because the engine would send what lies below", async () => {
    const id = await busybox("sleep 600", { hostConfig: { Tmpfs: { "/t": "" } } });
    await expect(readAll(engine, id, "/t/x")).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(engine.containers.writeFiles(id, "/t", [file("a")])).rejects.toMatchObject({
      code: "failed_precondition",
    });
  });
});

describe("an archive to the engine", () => {
  test("that is refused is not made to its end, and the reason is told", async () => {
    const id = await busybox();
    const { entry, made } = big("big", 500);
    await expect(direct.containers.writeFiles(id, "/no/such", [entry])).rejects.toMatchObject({ code: "not_found" });
    expect(made()).toBe(0);
    const late = [big("first", 5).entry, big("etc", 5).entry];
    await expect(direct.containers.writeFiles(id, "/", late)).rejects.toMatchObject({ code: "conflict" });
  });

  test("whose answer is lost may have been written, and is said to be unknown", async () => {
    const id = await busybox();
    proxy.script(put, { kind: "drop-answer" });
    await expect(engine.containers.writeFiles(id, "/tmp", [file("a")])).rejects.toMatchObject({
      code: "unavailable",
      details: { unknown: true },
    });
    expect(await readAll(engine, id, "/tmp/a")).toBe(1);
  });

  test("that cannot be made to its end fails as its source does", async () => {
    const id = await busybox();
    async function* failing() {
      yield Buffer.alloc(mib);
      throw new RangeError("gone");
    }
    const entry: FileToWrite = { path: "a", type: "file", size: 2 * mib, content: failing() };
    await expect(direct.containers.writeFiles(id, "/tmp", [entry])).rejects.toThrow(RangeError);
    expect(await direct.containers.writeFiles(id, "/tmp", [file("b")])).toMatchObject({ files: 1 });
  });

  test("is cancelled by the signal while it is on its way", async () => {
    const id = await busybox();
    const stop = new AbortController();
    async function* endless() {
      for (let count = 0; ; count++) {
        if (count === 20) stop.abort();
        yield Buffer.alloc(mib);
      }
    }
    const entry: FileToWrite = { path: "a", type: "file", size: 2 ** 40, content: endless() };
    await expect(direct.containers.writeFiles(id, "/tmp", [entry], { signal: stop.signal })).rejects.toMatchObject({
      code: "cancelled",
    });
  });

  test("goes through links of the container within the container only", async () => {
    const id = await busybox("ln -s /../../../../etc /esc; ln -s / /root-link; sleep 600");
    await expect.poll(() => shell(id, "ls -d /esc /root-link"), { timeout: 10_000 }).toContain("/root-link");
    const name = `cos-${testRun}`;
    for (const [directory, path] of [
      ["/esc", name],
      ["/", `esc/${name}-2`],
      ["/root-link/esc", `${name}-3`],
    ] as const) {
      await engine.containers.writeFiles(id, directory, [file(path)]);
    }
    expect(await shell(id, `ls /etc/${name} /etc/${name}-2 /etc/${name}-3`)).not.toContain("No such");
    for (const suffix of ["", "-2", "-3"]) expect(existsSync(`/etc/${name}${suffix}`)).toBe(false);
  });

  test("takes the place of a link, and does not write to what that leads to", async () => {
    const id = await busybox("echo secret > /target; ln -s /target /tmp/link; sleep 600");
    await expect.poll(() => shell(id, "ls /tmp"), { timeout: 10_000 }).toContain("link");
    await engine.containers.writeFiles(id, "/tmp", [file("link", "new")]);
    expect(await shell(id, "cat /target; cat /tmp/link")).toBe("secret\nnew");
  });

  test.each([
    ["a number", "1234:56", "1234:56"],
    ["a number alone", "1234", "1234:0"],
    ["a name", "nobody", "0:0"],
    ["nobody", "", "0:0"],
  ])("belongs to the container's user where that is %s", async (_case, user, owner) => {
    const id = await busybox("sleep 600", { body: { User: user } });
    await engine.containers.writeFiles(id, "/tmp", [file("a"), file("d/b")]);
    expect(await shell(id, "stat -c %u:%g /tmp/a /tmp/d/b")).toBe(`${owner}\n${owner}\n`);
  });
});

test("files of a job are written to its volume also when its root is read-only, for its user", async () => {
  const name = testRun;
  const spec = defineWorkload({
    env: { image: "busybox:latest" },
    pull: "never",
    profile: "strict",
    command: "stat -c %u:%a /data/in/a; cat /data/in/a",
    labels: { "user.test": testRun },
    timeoutSeconds: 30,
    files: [{ path: "/data/in/a", content: "hello", mode: "640" }],
    mounts: [{ type: "volume", name, target: "/data" }],
  });
  try {
    expect(await direct.jobs.run({ owner: "tester", spec })).toMatchObject({ exitCode: 0, stdout: "65534:640\nhello" });
  } finally {
    await direct.close();
    await callEngine("DELETE", `/volumes/cos-${name}`);
  }
});
