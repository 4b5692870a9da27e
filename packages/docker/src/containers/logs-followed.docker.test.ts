import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { createSigner, type Engine, type LogChunk, type LogOptions } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { enginePath, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const label = `user.test=log-follow-${randomBytes(4).toString("hex")}`;
const logs = /^GET \/containers\/[0-9a-f]+\/logs/;

let proxy: FaultProxy;
let engine: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  await engine.close();
  await proxy[Symbol.asyncDispose]();
  await removeContainersWith(label);
});

const start = (command: string, more: { Tty?: boolean; hostConfig?: Record<string, unknown> } = {}) => {
  const { hostConfig = {}, ...body } = more;
  return startRawContainer(label, { command, body, hostConfig });
};

/** Follows a log. */
function follow(id: string, options: LogOptions = {}) {
  const chunks = engine.containers.logs(id, { follow: true, signal: new AbortController().signal, ...options });
  const iterator = chunks[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { value } = await iterator.next();
      return value === undefined ? undefined : Buffer.from((value as LogChunk).data).toString();
    },
    rest: async () => {
      let text = "";
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        text += Buffer.from(next.value.data).toString();
      return text;
    },
  };
}

describe("a log that is followed", () => {
  test("comes as it is written, over the end of the container", async () => {
    const id = await start("for i in 1 2 3; do echo $i; sleep 0.1; done; echo last >&2; exit 3");
    expect(await follow(id).rest()).toBe("1\n2\n3\nlast\n");
  });

  test("of a terminal comes as it is written", async () => {
    const id = await start("for i in 1 2 3; do echo $i; sleep 0.1; done", { Tty: true });
    expect(await follow(id, { timestamps: true }).rest()).toBe("1\r\n2\r\n3\r\n");
  });

  test("loses nothing while it is rotated", async () => {
    const hostConfig = { LogConfig: { Type: "json-file", Config: { "max-size": "20k", "max-file": "2" } } };
    const filler = "x".repeat(500);
    const id = await start(`for i in $(seq 1 150); do echo $i ${filler}; sleep 0.01; done`, { hostConfig });
    const lines = (await follow(id).rest()).trimEnd().split("\n");
    // Engine 20.10 repeats a line whenever it has begun a new file.
    expect([...new Set(lines.map((line) => Number.parseInt(line)))]).toEqual(
      Array.from({ length: 150 }, (_, index) => index + 1),
    );
  });

  test("ends when the engine starts the container again by itself", async () => {
    const hostConfig = { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 5 } };
    const id = await start("echo up; sleep 0.5; exit 1", { hostConfig });
    expect(await follow(id).rest()).toMatch(/^(?:up\n)+$/);
  });

  test("ends when the container is removed", async () => {
    const id = await start("echo up; exec sleep 60");
    const log = follow(id);
    expect(await log.next()).toBe("up\n");
    await engine.containers.remove(id);
    expect(await log.rest()).toBe("");
  });
});

describe("a reader who follows", () => {
  test("and breaks off or cancels leaves no connection behind", async () => {
    const id = await start("echo up; exec sleep 60");
    const openFiles = () => readdirSync("/proc/self/fd").length;
    const before = openFiles();
    for (let round = 0; round < 10; round++) {
      const stop = new AbortController();
      const log = engine.containers.logs(id, { follow: true, signal: stop.signal })[Symbol.asyncIterator]();
      expect(await log.next()).toMatchObject({ done: false });
      if (round % 2 === 0) await log.return?.();
      stop.abort();
      if (round % 2 === 1) await expect(log.next()).rejects.toMatchObject({ code: "cancelled" });
    }
    await expect.poll(openFiles, { timeout: 10_000 }).toBeLessThanOrEqual(before);
  });
});

describe("a log that is followed while the engine", () => {
  test("goes away is unavailable", async () => {
    const log = follow(await start("echo up; exec sleep 60"));
    await log.next();
    expect(proxy.cut(logs)).toBe(1);
    await expect(log.next()).rejects.toMatchObject({ code: "unavailable" });
  });

  test.each([404, 409, 500])("answers with %i fails, and never ends as if it were whole", async (status) => {
    const id = await start("echo up; exec sleep 60");
    proxy.script(logs, { kind: "answer", status });
    const code = status === 404 ? "not_found" : status === 409 ? "conflict" : "internal";
    await expect(follow(id).rest()).rejects.toMatchObject({ code });
  });
});

test("a log that ends at any byte of a frame is unavailable", async () => {
  const id = await start("echo up; echo up; echo up");
  await follow(id).rest();
  // A chunk of the answer begins with its own length; then come 8 bytes of header, 31 of time, and the line.
  for (let bodyBytes = 1; bodyBytes <= 48; bodyBytes++) {
    proxy.script(logs, { kind: "cut-answer", bodyBytes });
    const read = async () => {
      for await (const _chunk of engine.containers.logs(id, { timestamps: true }));
    };
    await expect(read(), `${bodyBytes} bytes`).rejects.toMatchObject({ code: "unavailable" });
  }
});
