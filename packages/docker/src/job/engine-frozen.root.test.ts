import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { OwnEngine } from "../testing/own-engine.ts";

describe("an engine that accepts connections and answers nothing", () => {
  let own: OwnEngine;
  let engine: Engine;

  beforeAll(async () => {
    own = await OwnEngine.start();
    engine = await connectDocker({ host: `unix://${own.socketPath}`, signer: createSigner(randomBytes(32)) });
  });
  afterAll(async () => {
    own.thaw();
    await engine.close();
    await own[Symbol.asyncDispose]();
  });

  const start = (command: string, signal?: AbortSignal) => {
    let ready = () => {};
    const begun = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const spec = defineWorkload({ env: { image: "busybox:latest" }, command, pull: "never", timeoutSeconds: 60 });
    const result = engine.jobs.run({ owner: "tester", spec }, { output: ready, signal });
    return { result, begun: () => Promise.race([begun, result]) };
  };

  test("still gives the result of a job that ended meanwhile", async () => {
    const { result, begun } = start("echo ready; sleep 1; echo done; exit 4");
    await begun();
    own.freeze();
    await expect(engine.ping({ signal: AbortSignal.timeout(1500) })).rejects.toMatchObject({ code: "cancelled" });
    own.thaw();
    expect(await result).toMatchObject({ exitCode: 4, stdout: "ready\ndone\n", outputLost: false });
  });

  test("runs nothing of a job that was cancelled while it was silent, and keeps nothing of it", async () => {
    own.freeze();
    const cancel = new AbortController();
    const { result } = start("echo never", cancel.signal);
    setTimeout(() => cancel.abort(), 300);
    await expect(result).rejects.toMatchObject({ code: "cancelled" });
    own.thaw();
    await expect.poll(async () => (await engine.containers.list()).length, { timeout: 10_000 }).toBe(0);
  });

  test("is no reason to lose a job that is to be killed: the kill is done when it answers again", async () => {
    const cancel = new AbortController();
    const { result, begun } = start("echo ready; sleep 60", cancel.signal);
    await begun();
    own.freeze();
    cancel.abort();
    setTimeout(() => own.thaw(), 1000);
    expect(await result).toMatchObject({ cancelled: true, exitCode: 137 });
  });
});
