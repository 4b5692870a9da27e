import { randomBytes } from "node:crypto";
import { createSigner, type Engine } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { OwnEngine } from "../testing/own-engine.ts";
import { removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const label = `user.test=exec-restart-${randomBytes(4).toString("hex")}`;

describe("an engine that crashes while a command runs in a container", () => {
  let own: OwnEngine;
  let engine: Engine;

  beforeAll(async () => {
    own = await OwnEngine.start();
    engine = await connectDocker({ host: `unix://${own.socketPath}`, signer: createSigner(randomBytes(32)) });
  });
  afterAll(async () => {
    try {
      await engine.close();
      await removeContainersWith(label, own.socketPath);
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });

  test("knows nothing of it when it is back, so how it ended is said to be unknown", async () => {
    const id = await startRawContainer(label, { command: "exec sleep 600" }, own.socketPath);
    let onReady = () => {};
    const ready = new Promise<void>((resolve) => (onReady = resolve));
    const running = engine.containers.exec(id, { command: "echo ready; sleep 5" }, { output: onReady });
    running.catch(() => undefined);
    await Promise.race([ready, running]);
    await own.crash();
    await own.boot();
    await expect(running).rejects.toMatchObject({ code: "unavailable", details: { unknown: true } });
  }, 120_000);

  test("is not asked in vain while it hangs: the time of the command passes all the same", async () => {
    const id = await startRawContainer(label, { command: "exec sleep 600" }, own.socketPath);
    let onReady = () => {};
    const ready = new Promise<void>((resolve) => (onReady = resolve));
    const running = engine.containers.exec(
      id,
      { command: "echo ready; sleep 60", timeoutSeconds: 3 },
      { output: onReady },
    );
    await Promise.race([ready, running]);
    own.freeze();
    setTimeout(() => own.thaw(), 6_000);
    expect(await running).toMatchObject({ timedOut: true, killed: true, stdout: "ready\n" });
  }, 120_000);
});
