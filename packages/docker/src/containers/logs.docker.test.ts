import { randomBytes } from "node:crypto";
import { createSigner, type Engine, type LogOptions } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import {
  callEngine,
  createRawContainer,
  enginePath,
  removeContainersWith,
  startRawContainer,
} from "../testing/raw-engine.ts";

const label = `user.test=logs-${randomBytes(4).toString("hex")}`;
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

/** The id of a container that ran to its end. */
async function run(command: string, body: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const id = await startRawContainer(label, { command, body });
  await callEngine("POST", `/containers/${id}/wait`);
  return id;
}

async function read(id: string, options?: LogOptions) {
  const text = { stdout: "", stderr: "" };
  for await (const { stream, data } of engine.containers.logs(id, options))
    text[stream] += Buffer.from(data).toString();
  return text;
}

describe("the log", () => {
  test("of a container with a terminal is one stream as it was written", async () => {
    const id = await run("echo out; echo err >&2", { Tty: true });
    expect(await read(id)).toEqual({ stdout: "out\r\nerr\r\n", stderr: "" });
    expect(await read(id, { tail: 1 })).toEqual({ stdout: "err\r\n", stderr: "" });
  });

  test("of a container that never started is empty", async () => {
    expect(await read(await createRawContainer(label, { command: "true" }))).toEqual({ stdout: "", stderr: "" });
  });

  test("is the same however the connection delivers it", async () => {
    const id = await run("seq 1 200; echo err >&2");
    const whole = await read(id);
    expect(whole.stdout.split("\n")).toHaveLength(201);
    for (const bytes of [1, 7, 1000]) {
      proxy.script(logs, { kind: "slice-answer", bytes });
      expect(await read(id)).toEqual(whole);
    }
  });

  test("of a megabyte arrives whole", async () => {
    const id = await run("yes 0123456789abcde | head -c 1048576");
    expect(await read(id)).toEqual({ stdout: "0123456789abcde\n".repeat(65_536), stderr: "" });
  });
});

describe("a log that the engine does not keep", () => {
  const refusal = { code: "unsupported", hint: expect.stringContaining("job") as string };

  test("is unsupported", async () => {
    const id = await startRawContainer(label, { command: "echo out", hostConfig: { LogConfig: { Type: "none" } } });
    await expect(read(id)).rejects.toMatchObject(refusal);
  });

  test("is unsupported when only the engine can tell", async () => {
    const id = await run("echo out");
    const body = { message: "configured logging driver does not support reading" };
    proxy.script(logs, { kind: "answer", status: 501, body });
    await expect(read(id)).rejects.toMatchObject(refusal);
  });
});

describe("a log that breaks off", () => {
  test.each([0, 1, 4, 20, 1000])(
    "after %i bytes is unavailable, and never ends as if it were whole",
    async (bodyBytes) => {
      const id = await run("seq 1 20000");
      proxy.script(logs, { kind: "cut-answer", bodyBytes });
      await expect(read(id)).rejects.toMatchObject({ code: "unavailable" });
    },
  );

  test("while it is read is unavailable", async () => {
    const id = await run("seq 1 200000");
    const chunks = engine.containers.logs(id)[Symbol.asyncIterator]();
    await chunks.next();
    expect(proxy.cut(logs)).toBe(1);
    const rest = async () => {
      while ((await chunks.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject({ code: "unavailable" });
  });

  test.each([
    ["looked at", /^GET \/containers\/[0-9a-f]+\/json/],
    ["read", logs],
  ])("before the container is %s is unavailable, and nothing is unknown", async (_when, route) => {
    const id = await run("echo out");
    proxy.script(route, { kind: "drop-answer" });
    const failure = await read(id).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "unavailable" });
    expect(failure).not.toMatchObject({ details: { unknown: true } });
  });

  test("because the connection to the engine is closed is unavailable", async () => {
    const id = await run("seq 1 200000");
    const chunks = engine.containers.logs(id)[Symbol.asyncIterator]();
    await chunks.next();
    await engine.close();
    const rest = async () => {
      while ((await chunks.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject({ code: "unavailable" });
  });
});
