import { randomBytes } from "node:crypto";
import { createSigner, type Engine, type LogChunk, LogLines, type LogOptions } from "@cos/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { callEngine, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const label = `user.test=log-lines-${randomBytes(4).toString("hex")}`;

let engine: Engine;

beforeEach(async () => {
  engine = await connectDocker({ signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  await engine.close();
  await removeContainersWith(label);
});

/** The id of a container that ran to its end. */
async function run(command: string, more: { Tty?: boolean; hostConfig?: Record<string, unknown> } = {}) {
  const { hostConfig = {}, ...body } = more;
  const id = await startRawContainer(label, { command, body, hostConfig });
  await callEngine("POST", `/containers/${id}/wait`);
  return id;
}

async function readChunks(id: string, options: LogOptions): Promise<LogChunk[]> {
  const chunks: LogChunk[] = [];
  for await (const chunk of engine.containers.logs(id, options))
    chunks.push({ ...chunk, data: Buffer.from(chunk.data) });
  return chunks;
}

const bytesOf = (chunks: readonly LogChunk[]) => Buffer.concat(chunks.map(({ data }) => data));

test("a line of 5 MB is the same with times as without them, and is kept as far as one asks", async () => {
  const id = await run("head -c 5000000 /dev/zero | tr '\\0' a; echo; echo done");
  const [plain, timed] = [await readChunks(id, {}), await readChunks(id, { timestamps: true })];
  expect(bytesOf(timed).equals(bytesOf(plain))).toBe(true);
  const lines = new LogLines(1024);
  expect([...timed.flatMap((chunk) => lines.push(chunk)), ...lines.end()]).toMatchObject([
    { text: "a".repeat(1024), ended: true, cutBytes: 5_000_000 - 1024 },
    { text: "done", ended: true },
  ]);
});

test("what a terminal got is the same with times as without them", async () => {
  const id = await run("seq 1 100; head -c 100000 /dev/zero | tr '\\0' a; echo; seq 1 100; printf end", { Tty: true });
  const [plain, timed] = [await readChunks(id, {}), await readChunks(id, { timestamps: true })];
  expect(bytesOf(timed).equals(bytesOf(plain))).toBe(true);
  expect(timed.at(-1)).toMatchObject({ entry: 100 + 7 + 100 });
});

test.each(["json-file", "local"])(
  "bytes of any kind are the same with times as without them in the driver %s",
  async (Type) => {
    const hostConfig = { LogConfig: { Type } };
    const id = await run("head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2", { hostConfig });
    for (const stream of ["stdout", "stderr"] as const) {
      const [plain, timed] = [await readChunks(id, { stream }), await readChunks(id, { stream, timestamps: true })];
      expect(bytesOf(timed).equals(bytesOf(plain))).toBe(true);
      expect(bytesOf(plain).byteLength).toBeGreaterThanOrEqual(300_000);
    }
  },
);

test("parts of a line are read since the time of the line", async () => {
  const id = await run("head -c 40000 /dev/zero | tr '\\0' a; echo; echo done");
  const timed = await readChunks(id, { timestamps: true });
  const time = timed.at(-1)?.time ?? "";
  expect(bytesOf(await readChunks(id, { since: timed[0]?.time })).byteLength).toBe(40_001 + 5);
  expect(bytesOf(await readChunks(id, { since: time })).toString()).toBe("done\n");
});

test("many lines of the same moment are each read once", async () => {
  const id = await run("seq 1 50000");
  const timed = await readChunks(id, { timestamps: true });
  const times = timed.map(({ time = "" }) => time);
  const middle = times[25_000] ?? "";
  const since = bytesOf(await readChunks(id, { since: middle }))
    .toString()
    .trimEnd()
    .split("\n");
  expect(since).toHaveLength(times.filter((time) => time >= middle).length);
  expect(since.at(-1)).toBe("50000");
});

test("of a log that was rotated, what is left is read", async () => {
  const hostConfig = { LogConfig: { Type: "json-file", Config: { "max-size": "20k", "max-file": "3" } } };
  const id = await run("seq 1 5000", { hostConfig });
  const lines = bytesOf(await readChunks(id, {}))
    .toString()
    .trimEnd()
    .split("\n")
    .map(Number);
  expect(lines.at(-1)).toBe(5000);
  expect(lines.length).toBeLessThan(5000);
  expect(lines).toEqual(Array.from(lines, (_, index) => 5000 - lines.length + 1 + index));
  const timed = await readChunks(id, { timestamps: true });
  expect(bytesOf(timed).equals(bytesOf(await readChunks(id, {})))).toBe(true);
});

test("a container that was started again goes on with its log", async () => {
  const id = await run("echo one; printf half");
  const first = await readChunks(id, { timestamps: true });
  await engine.containers.restart(id);
  await callEngine("POST", `/containers/${id}/wait`);
  const both = await readChunks(id, { timestamps: true });
  expect(bytesOf(both).toString()).toBe("one\nhalfone\nhalf");
  expect(both.map(({ entry }) => entry)).toEqual([0, 1, 2, 3]);
  const later = await readChunks(id, { since: both[2]?.time, timestamps: true });
  expect(later.map(({ entry, data }) => [entry, String(data)])).toEqual([
    [0, "one\n"],
    [1, "half"],
  ]);
  expect(both.slice(0, 2).map(({ time }) => time)).toEqual(first.map(({ time }) => time));
});
