import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { OwnEngine } from "../testing/own-engine.ts";

/** Writes until nothing more fits, first in large pieces, then in the smallest. */
const fill =
  "dd if=/dev/zero of=/f bs=1M 2>/dev/null; i=0; while dd if=/dev/zero of=/f$i bs=4096 count=1 2>/dev/null; do i=$((i+1)); done";

describe("an engine whose disk a job fills", () => {
  let own: OwnEngine;
  let engine: Engine;

  beforeAll(async () => {
    own = await OwnEngine.start({ sizeMiB: 96 });
    engine = await connectDocker({ host: `unix://${own.socketPath}`, signer: createSigner(randomBytes(32)) });
  });
  afterAll(async () => {
    await engine.close();
    await own[Symbol.asyncDispose]();
  });

  const run = (command: string, options: Parameters<Engine["jobs"]["run"]>[1] = {}) =>
    engine.jobs.run(
      {
        owner: "tester",
        spec: defineWorkload({ env: { image: "busybox:latest" }, command, pull: "never", timeoutSeconds: 60 }),
      },
      options,
    );

  test("tells how it ended although the engine cannot note it, refuses the next, and works again once it is gone", async () => {
    let filled = () => {};
    const isFull = new Promise<void>((resolve) => {
      filled = resolve;
    });
    const other = run("echo started; sleep 4; exit 5");
    const filling = run(`${fill}; echo full; sleep 2; exit 3`, { output: filled });
    await Promise.race([isFull, filling]);
    await expect(run("echo hello")).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("disk is full"),
      hint: expect.stringContaining("cos gc"),
    });
    expect(await filling).toMatchObject({ exitCode: 3, stdout: "full\n", timedOut: false, outputLost: false });
    expect(await other).toMatchObject({ exitCode: 5, stdout: "started\n", outputLost: false });
    await expect.poll(async () => (await engine.containers.list()).length, { timeout: 20_000 }).toBe(0);
    expect(await run("echo hello")).toMatchObject({ exitCode: 0, stdout: "hello\n" });
  }, 120_000);
});
