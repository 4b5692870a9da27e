import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { CosError } from "../../errors.ts";
import { type Bench, job, longCommand, newName, signalOnce, whileRunning } from "./setup.ts";

async function namesOn(engine: Engine): Promise<string[]> {
  return (await engine.containers.list()).map(({ name }) => name);
}

export function describeEndings(bench: Bench): void {
  describe("endings", () => {
    test("a job that runs longer than its timeout is killed, and keeps its output", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run(job(longCommand, { timeoutSeconds: 1 }));
      expect(result).toMatchObject({
        timedOut: true,
        cancelled: false,
        exitCode: 137,
        signal: "SIGKILL",
        stdout: "ready\n",
      });
      expect(result.durations.ranMs).toBeGreaterThan(900);
      expect(result.durations.ranMs).toBeLessThan(15_000);
    });

    test("the longest timeout does not fire early", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run(job("sleep 0.1", { timeoutSeconds: 30 * 86_400 }));
      expect(result).toMatchObject({ timedOut: false, exitCode: 0 });
    });

    test("a job that is cancelled while it runs is killed, and keeps its output", async () => {
      const engine = await bench.connect();
      const { result } = await whileRunning(engine, {}, async () => undefined);
      expect(result).toMatchObject({
        cancelled: true,
        timedOut: false,
        exitCode: 137,
        signal: "SIGKILL",
        stdout: "ready\n",
      });
      expect(result.durations.ranMs).toBeLessThan(15_000);
    });

    test("a job that is cancelled before it starts is an error, and leaves nothing behind", async () => {
      const engine = await bench.connect();
      const name = newName();
      const stop = new AbortController();
      const running = engine.jobs.run(job(longCommand, { name, timeoutSeconds: 5 }), {
        signal: stop.signal,
        progress: ({ phase }) => {
          if (phase === "create") stop.abort();
        },
      });
      await expect(running).rejects.toSatisfy((error) => CosError.is(error) && error.code === "cancelled");
      await engine.close();
      expect(await namesOn(await bench.connect())).not.toContain(`cos-${name}`);
    });

    test("cancelling after the end changes nothing", async () => {
      const engine = await bench.connect();
      const stop = new AbortController();
      const result = await engine.jobs.run(job("echo hello"), { signal: stop.signal });
      stop.abort();
      expect(result).toMatchObject({ cancelled: false, exitCode: 0 });
      expect(await engine.jobs.run(job("echo hello"))).toMatchObject({ cancelled: false, exitCode: 0 });
    });

    test("a job that needs more memory than its limit is killed, and says why", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run(job(["tail", "/dev/zero"], { limits: { memory: "16m" } }));
      expect(result).toMatchObject({
        oomKilled: true,
        exitCode: 137,
        signal: "SIGKILL",
        timedOut: false,
        cancelled: false,
      });
    });

    test("removing the container of a running job kills the job", async () => {
      const engine = await bench.connect();
      const ready = signalOnce();
      const name = newName();
      const running = engine.jobs.run(job(longCommand, { name }), { output: ready.fire });
      await Promise.race([ready.fired, running]);
      const container = (await engine.containers.list({ managed: true })).find(
        (listed) => listed.name === `cos-${name}`,
      );
      await engine.containers.remove(container?.id ?? "");
      expect(await running).toMatchObject({ exitCode: 137, timedOut: false, cancelled: false, stdout: "ready\n" });
    });

    test.each([
      ["ended", "echo hello", {}],
      ["failed", "exit 7", {}],
      ["timed out", longCommand, { timeoutSeconds: 1 }],
    ])("the container of a job that %s is gone when the connection is closed", async (_ending, command, spec) => {
      const engine = await bench.connect();
      const { containerId } = await engine.jobs.run(job(command, spec));
      await engine.close();
      const fresh = await bench.connect();
      await expect(fresh.containers.get(containerId)).rejects.toMatchObject({ code: "not_found" });
      expect((await fresh.containers.list()).map(({ id }) => id)).not.toContain(containerId);
    });

    test("the container of a cancelled job is gone when the connection is closed", async () => {
      const engine = await bench.connect();
      const { result } = await whileRunning(engine, {}, async () => undefined);
      await engine.close();
      const fresh = await bench.connect();
      await expect(fresh.containers.get(result.containerId)).rejects.toMatchObject({ code: "not_found" });
    });
  });
}
