import { randomBytes } from "node:crypto";
import { createSigner, type Engine } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { createRawContainer, enginePath, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const label = `user.test=start-${randomBytes(4).toString("hex")}`;
const newName = () => `cos-start-${randomBytes(4).toString("hex")}`;
const start = /^POST \/containers\/[0-9a-f]+\/start/;
const rename = /^POST \/containers\/[0-9a-f]+\/rename/;

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

const createSleeper = () => createRawContainer(label, { command: "exec sleep 600" });

describe("starting a container", () => {
  test("whose answer is lost succeeds when it runs", async () => {
    const id = await createSleeper();
    proxy.script(start, { kind: "drop-answer" });
    await engine.containers.start(id);
    expect(await engine.containers.get(id)).toMatchObject({ state: "running" });
  });

  test("that the engine never heard of says so", async () => {
    const id = await createSleeper();
    proxy.script(start, { kind: "drop-request" });
    await expect(engine.containers.start(id)).rejects.toMatchObject({ code: "unavailable" });
    expect(await engine.containers.get(id)).toMatchObject({ state: "created" });
  });

  test("whose port is taken is a conflict with a hint", async () => {
    const publish = (port: string) => ({
      NetworkMode: "bridge",
      PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: port }] },
    });
    const body = { ExposedPorts: { "80/tcp": {} } };
    const first = await startRawContainer(label, { command: "exec sleep 600", body, hostConfig: publish("") });
    const port = String((await engine.containers.get(first)).ports[0]?.hostPort);
    const second = await createRawContainer(label, { command: "exec sleep 600", body, hostConfig: publish(port) });
    await expect(engine.containers.start(second)).rejects.toMatchObject({
      code: "conflict",
      hint: expect.any(String) as string,
    });
  });

  test("whose program does not exist says which", async () => {
    const id = await createRawContainer(label, {
      command: "",
      body: { Cmd: ["no-such-program"] },
      hostConfig: { Init: false },
    });
    await expect(engine.containers.start(id)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("no-such-program") as string,
    });
  });

  test("waits for its turn", async () => {
    const id = await createSleeper();
    const stop = new AbortController();
    stop.abort();
    await expect(engine.containers.start(id, { signal: stop.signal })).rejects.toMatchObject({ code: "cancelled" });
    expect(proxy.requests.filter((request) => start.test(request))).toEqual([]);
  });
});

describe("renaming a container", () => {
  test("whose answer is lost succeeds when it has the name", async () => {
    const [id, name] = [await createSleeper(), newName()];
    proxy.script(rename, { kind: "drop-answer" });
    await engine.containers.rename(id, name);
    expect(await engine.containers.get(id)).toMatchObject({ name });
  });

  test("that the engine never heard of says so", async () => {
    const id = await createSleeper();
    proxy.script(rename, { kind: "drop-request" });
    await expect(engine.containers.rename(id, newName())).rejects.toMatchObject({ code: "unavailable" });
  });
});
