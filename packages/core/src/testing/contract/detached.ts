import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { defineWorkload } from "../../spec/workload-spec.ts";
import { type Bench, job, longCommand, newName, owner, readLog } from "./setup.ts";

/** The container once it is as wanted, which an engine may say a little later. */
async function onceIs(engine: Engine, id: string, wanted: object): Promise<void> {
  await expect.poll(() => engine.containers.get(id), { timeout: 15_000, interval: 50 }).toMatchObject(wanted);
}

export function describeDetached(bench: Bench): void {
  describe("a detached job", () => {
    test("outlives the connection that started it, and is found by its handle", async () => {
      const engine = await bench.connect();
      const name = newName();
      const handle = await engine.jobs.start(job(longCommand, { name }));
      expect(handle).toEqual({
        containerId: expect.stringMatching(/^[0-9a-f]{64}$/),
        name: `cos-${name}`,
        imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        startedAt: expect.any(Date),
      });
      await engine.close();
      const fresh = await bench.connect();
      const container = await fresh.containers.get(handle.containerId);
      expect(container).toMatchObject({ state: "running", name: handle.name });
      expect(container.details?.startedAt).toEqual(handle.startedAt);
      expect(container.ownership).toMatchObject({ status: "managed", labels: { owner, lifecycle: "ephemeral" } });
    });

    test("leaves its exit code and its log, each stream apart", async () => {
      const engine = await bench.connect();
      const { containerId } = await engine.jobs.start(job("echo out; echo err >&2; echo more"));
      await onceIs(engine, containerId, { state: "exited", exitCode: 0 });
      expect(await readLog(engine, containerId)).toMatchObject({ stdout: "out\nmore\n", stderr: "err\n" });
      const failed = await engine.jobs.start(job("exit 7"));
      await onceIs(engine, failed.containerId, { state: "exited", exitCode: 7 });
    });

    test("is killed at its timeout while the connection is open, and its log stays", async () => {
      const engine = await bench.connect();
      const { containerId } = await engine.jobs.start(job(longCommand, { timeoutSeconds: 1 }));
      await onceIs(engine, containerId, { state: "exited", exitCode: 137 });
      expect(await readLog(engine, containerId)).toMatchObject({ all: "ready\n" });
    });

    test("can have neither standard input nor artifacts, and a service is none", async () => {
      const engine = await bench.connect();
      const service = defineWorkload({ env: { image: "busybox" }, lifecycle: "persistent", name: newName() });
      const jobs = [job("cat", { stdin: "x" }), job("echo hello", { artifacts: ["/out"] })];
      for (const request of [...jobs, { owner, spec: service }]) {
        await expect(engine.jobs.start(request)).rejects.toMatchObject({
          code: "invalid_argument",
          hint: expect.any(String),
        });
      }
      expect(await engine.containers.list({ managed: true })).toEqual([]);
    });

    test("that is cancelled before it starts is an error, and leaves nothing behind", async () => {
      const engine = await bench.connect();
      const name = newName();
      const stop = new AbortController();
      const starting = engine.jobs.start(job(longCommand, { name }), {
        signal: stop.signal,
        progress: ({ phase }) => {
          if (phase === "create") stop.abort();
        },
      });
      await expect(starting).rejects.toMatchObject({ code: "cancelled" });
      await engine.close();
      const left = (await (await bench.connect()).containers.list()).map((container) => container.name);
      expect(left).not.toContain(`cos-${name}`);
    });
  });
}
