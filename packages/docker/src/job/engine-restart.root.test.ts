import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSigner, defineWorkload, type Engine } from "@cos/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connectDocker } from "../connect.ts";
import { OwnEngine } from "../testing/own-engine.ts";
import { containersWith } from "../testing/raw-engine.ts";

const testRun = `restart-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;

describe("an engine that crashes and comes back while jobs run", () => {
  let own: OwnEngine;
  let engine: Engine;
  let directory: string;

  beforeAll(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "cos-restart-")));
    own = await OwnEngine.start();
    engine = await connectDocker({ host: `unix://${own.socketPath}`, signer: createSigner(randomBytes(32)) });
  });
  afterAll(async () => {
    try {
      await engine.close();
      expect(await containersWith(label, own.socketPath), "containers left behind").toEqual([]);
    } finally {
      await own[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  /** A job that has begun; it ends with exit code 7 when the file `go` appears. */
  async function begin(name: string) {
    const command = `echo ready; while [ ! -e /shared/${name}-go ]; do sleep 0.05; done; exit 7`;
    let ready = () => {};
    const wrote = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const spec = defineWorkload({
      env: { image: "busybox:latest" },
      command,
      pull: "never",
      labels: { "user.test": testRun },
      mounts: [{ type: "bind", source: directory, target: "/shared" }],
      timeoutSeconds: 120,
    });
    const result = engine.jobs.run({ owner: "tester", hostRoots: [directory], spec }, { output: ready });
    await Promise.race([wrote, result]);
    // A job's first output can come before the engine has noted that it started.
    await vi.waitFor(async () => {
      const states = await Promise.all(
        (await engine.containers.list({ managed: true })).map(({ id }) => engine.containers.get(id)),
      );
      expect(states.map(({ state }) => state)).not.toContain("created");
    });
    return { result, letGo: () => writeFileSync(join(directory, `${name}-go`), "") };
  }

  test("tells the exit code of a job that ended meanwhile, and of one that the crash ended", async () => {
    const ends = await begin("ends");
    const stays = await begin("stays");
    await own.crash();
    ends.letGo();
    await own.boot();
    expect(await ends.result).toMatchObject({
      exitCode: 7,
      stdout: "ready\n",
      outputLost: true,
      timedOut: false,
      cancelled: false,
    });
    const ended = await stays.result;
    expect(ended).toMatchObject({ stdout: "ready\n", outputLost: true, timedOut: false, cancelled: false });
    // By SIGTERM, or by SIGKILL if the engine had to insist.
    expect([143, 137]).toContain(ended.exitCode);
    const next = await begin("next");
    next.letGo();
    expect(await next.result, "jobs run again").toMatchObject({ exitCode: 7, outputLost: false });
  }, 120_000);
});
