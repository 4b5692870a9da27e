import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine, type JobRequest, type WorkloadInput } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { containersWith, enginePath, removeContainersWith } from "../testing/raw-engine.ts";

const testRun = `start-job-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
const create = /^POST \/containers\/create/;
const start = /^POST \/containers\/[0-9a-f]+\/start/;
const kill = /^POST \/containers\/[0-9a-f]+\/kill/;

let proxy: FaultProxy;
let engine: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  try {
    await engine.close();
  } finally {
    await proxy[Symbol.asyncDispose]();
    await removeContainersWith(label);
  }
});

function job(command: string | string[], spec: Partial<WorkloadInput> = {}): JobRequest {
  const defaults = { env: { image: "busybox:latest" }, pull: "never", timeoutSeconds: 30 } as const;
  return { owner: "tester", spec: defineWorkload({ ...defaults, labels: { "user.test": testRun }, command, ...spec }) };
}

async function labelsOf(id: string) {
  const { ownership } = await engine.containers.get(id);
  return ownership.status === "managed" ? ownership.labels : undefined;
}

async function leftBehind(): Promise<string[]> {
  await engine.close();
  return await containersWith(label);
}

describe("how long a detached job is kept", () => {
  test.each([
    ["an hour after its timeout", { timeoutSeconds: 30 }, 3630],
    ["as long as it asks for", { timeoutSeconds: 30, ttlSeconds: 60 }, 60],
    ["without an end when it has no timeout", { timeoutSeconds: undefined }, undefined],
  ])("%s", async (_case, spec, ttlSeconds) => {
    const { containerId } = await engine.jobs.start(job("true", spec));
    expect((await labelsOf(containerId))?.ttlSeconds).toBe(ttlSeconds);
  });
});

describe("what does not start is removed", () => {
  test("when the image does not know its user", async () => {
    await expect(engine.jobs.start(job("true", { user: "nosuchuser" }))).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("could not be started"),
    });
    expect(await leftBehind()).toEqual([]);
  });

  test("when the engine refuses", async () => {
    proxy.script(start, { kind: "answer", status: 500, body: { message: "no" } });
    await expect(engine.jobs.start(job("true"))).rejects.toMatchObject({ code: "failed_precondition" });
    expect(await leftBehind()).toEqual([]);
  });
});

test("a create whose answer is lost starts one job all the same", async () => {
  proxy.script(create, { kind: "drop-answer" });
  const { containerId } = await engine.jobs.start(job("sleep 20"));
  expect(await containersWith(label)).toEqual([containerId]);
});

test("a start whose answer is lost is not repeated", async () => {
  proxy.script(start, { kind: "drop-answer" });
  const { containerId } = await engine.jobs.start(job("sleep 20"));
  expect(await engine.containers.get(containerId)).toMatchObject({ state: "running" });
});

test("a kill at the timeout that the engine does not do is asked for again", async () => {
  proxy.script(kill, { kind: "answer", status: 500, body: { message: "no" } });
  const { containerId } = await engine.jobs.start(job("sleep 20", { timeoutSeconds: 1 }));
  await expect
    .poll(() => engine.containers.get(containerId), { timeout: 10_000 })
    .toMatchObject({ state: "exited", exitCode: 137 });
});
