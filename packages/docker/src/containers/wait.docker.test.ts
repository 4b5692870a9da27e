import { randomBytes } from "node:crypto";
import { createSigner, type Engine } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { callEngine, enginePath, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const label = `user.test=wait-${randomBytes(4).toString("hex")}`;
const wait = /^POST \/containers\/[0-9a-f]+\/wait/;
/** Comes when the watch is open. */
const look = /^GET \/containers\/[0-9a-f]+\/json/;
const events = /^GET \/events/;

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

const startSleeper = () => startRawContainer(label, { command: "exec sleep 600" });
const healthy = { Test: ["CMD-SHELL", "true"], Interval: 1_000_000_000 };

describe("waiting for a container", () => {
  test("goes on when the engine breaks the watch off", async () => {
    const id = await startSleeper();
    const waiting = engine.containers.wait(id, { until: "exit" });
    await proxy.seen(look);
    proxy.cut(wait);
    await proxy.seen(look, 2);
    await callEngine("POST", `/containers/${id}/stop?t=0`);
    expect(await waiting).toMatchObject({ state: "exited" });
  });

  test("goes on when the watch ends without an answer", async () => {
    const id = await startSleeper();
    proxy.script(wait, { kind: "cut-answer", bodyBytes: 0 });
    const waiting = engine.containers.wait(id, { until: "exit" });
    await proxy.seen(look);
    await callEngine("POST", `/containers/${id}/stop?t=0`);
    expect(await waiting).toMatchObject({ state: "exited" });
  });

  test("until it is healthy goes on when the events are lost", { timeout: 30_000 }, async () => {
    const id = await startRawContainer(label, { command: "exec sleep 600", body: { Healthcheck: healthy } });
    const waiting = engine.containers.wait(id, { until: "healthy" });
    await proxy.seen(look);
    proxy.cut(events);
    expect(await waiting).toEqual({ state: "running", health: "healthy" });
  });

  test("does not ask again and again", async () => {
    const id = await startSleeper();
    const stop = new AbortController();
    const waiting = engine.containers.wait(id, { until: "exit", signal: stop.signal });
    await proxy.seen(look);
    const before = proxy.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(proxy.requests.length).toBe(before);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  });

  test("that the engine starts again waits for its last end", { timeout: 30_000 }, async () => {
    const command = "if [ -e /second ]; then exit 4; fi; touch /second; exit 3";
    const RestartPolicy = { Name: "on-failure", MaximumRetryCount: 1 };
    const id = await startRawContainer(label, { command, hostConfig: { RestartPolicy } });
    expect(await engine.containers.wait(id, { until: "exit" })).toMatchObject({ state: "exited", exitCode: 4 });
  });
});
