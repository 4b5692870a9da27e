import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { readEntries } from "./files.ts";
import { type Bench, newName, readLog, whileRunning } from "./setup.ts";

const noSuchId = "0".repeat(64);

/** What can be done with one container, by its id. */
const deeds: Readonly<Record<string, (engine: Engine, id: string) => Promise<unknown>>> = {
  get: (engine, id) => engine.containers.get(id),
  start: (engine, id) => engine.containers.start(id),
  rename: (engine, id) => engine.containers.rename(id, "cos-contract"),
  wait: (engine, id) => engine.containers.wait(id, { until: "exit" }),
  "wait until healthy": (engine, id) => engine.containers.wait(id, { until: "healthy" }),
  stop: (engine, id) => engine.containers.stop(id),
  kill: (engine, id) => engine.containers.kill(id),
  restart: (engine, id) => engine.containers.restart(id),
  remove: (engine, id) => engine.containers.remove(id),
  logs: (engine, id) => readLog(engine, id),
  readFiles: (engine, id) => readEntries(engine, id, "/etc"),
  writeFiles: (engine, id) => engine.containers.writeFiles(id, "/", []),
  exec: (engine, id) => engine.containers.exec(id, { command: "echo hello" }),
  stats: (engine, id) => engine.containers.stats(id),
};

async function digestOn(engine: Engine, id: string): Promise<string | undefined> {
  return (await engine.containers.get(id)).details?.stateDigest;
}

export function describeContainers(bench: Bench): void {
  describe("a container", () => {
    test.each(Object.entries(deeds))("is not found by its name or the beginning of its id: %s", async (_deed, run) => {
      const engine = await bench.connect();
      const name = newName();
      const id = await bench.makeContainer({ name });
      for (const reference of [name, id.slice(0, 12), id.toUpperCase(), `${id}/json`, ""]) {
        await expect(run(engine, reference)).rejects.toMatchObject({
          code: "invalid_argument",
          hint: expect.any(String),
        });
      }
      expect(await engine.containers.get(id)).toMatchObject({ name, state: "running" });
    });

    test.each(["get", "start", "rename", "wait", "wait until healthy", "restart", "logs", "exec", "stats"])(
      "that is not there is not found: %s",
      async (deed) => {
        const engine = await bench.connect();
        await expect(deeds[deed]?.(engine, noSuchId)).rejects.toMatchObject({
          code: "not_found",
          hint: expect.any(String),
        });
      },
    );

    test.each(["stop", "kill", "remove"])("that is not there counts as done: %s", async (deed) => {
      const engine = await bench.connect();
      await expect(deeds[deed]?.(engine, noSuchId)).resolves.toBeUndefined();
    });

    test("that cos did not make belongs to nobody", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      expect(await engine.containers.get(id)).toMatchObject({ id, ownership: { status: "unmanaged" } });
      expect((await engine.containers.list()).map((container) => container.id)).toContain(id);
      expect((await engine.containers.list({ managed: true })).map((container) => container.id)).not.toContain(id);
    });

    test("tells its size in a list when asked for", async () => {
      const engine = await bench.connect();
      const [stopped, running] = [await bench.makeContainer(), await bench.makeContainer()];
      await engine.containers.stop(stopped);
      const measured = await engine.containers.list({}, { sizes: true });
      const plain = await engine.containers.list();
      for (const made of [stopped, running]) {
        expect(measured.find(({ id }) => id === made)?.sizeBytes).toBeGreaterThanOrEqual(0);
        expect(plain.find(({ id }) => id === made)?.sizeBytes).toBeUndefined();
      }
    });

    test("tells its details when it is looked at, and not in a list", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const [got, listed] = [await engine.containers.get(id), await engine.containers.list()];
      expect(got.details).toEqual({
        oomKilled: false,
        configuration: expect.any(Object),
        startedAt: expect.any(Date),
        stateDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        health: undefined,
        restarts: 0,
      });
      expect(listed.find((container) => container.id === id)?.details).toBeUndefined();
    });
  });

  describe("stopping", () => {
    test("ends a container, which stays", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.stop(id);
      expect(await engine.containers.get(id)).toMatchObject({ state: "exited", exitCode: expect.any(Number) });
    });

    test("what has ended already changes nothing", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.stop(id);
      const before = await engine.containers.get(id);
      await engine.containers.stop(id);
      expect(await engine.containers.get(id)).toEqual(before);
    });

    test("needs no grace", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.stop(id, { graceSeconds: 0 });
      expect(await engine.containers.get(id)).toMatchObject({ state: "exited" });
    });

    test("the container of a running job ends the job", async () => {
      const engine = await bench.connect();
      const { result } = await whileRunning(engine, {}, async () => {
        const running = await engine.containers.list({ managed: true });
        for (const { id } of running) await engine.containers.stop(id, { graceSeconds: 0 });
      });
      expect(result).toMatchObject({ timedOut: false, stdout: "ready\n" });
      expect([137, 143]).toContain(result.exitCode);
    });

    test.each(["stop", "restart"] as const)("%s takes a grace of whole seconds up to an hour", async (deed) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      for (const graceSeconds of [-1, 0.5, 3601, Number.NaN, Number.POSITIVE_INFINITY]) {
        await expect(engine.containers[deed](id, { graceSeconds })).rejects.toMatchObject({ code: "invalid_argument" });
      }
      expect(await engine.containers.get(id)).toMatchObject({ state: "running" });
      await expect(engine.containers[deed](id, { graceSeconds: 3600 })).resolves.toBeUndefined();
    });
  });

  describe("killing", () => {
    test.each([{}, { killSignal: "SIGTERM" }])("ends a container, which stays: %j", async (options) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.kill(id, options);
      await expect.poll(() => engine.containers.get(id), { timeout: 10_000 }).toMatchObject({ state: "exited" });
      await expect(engine.containers.kill(id, options), "what has ended counts as done").resolves.toBeUndefined();
    });

    test.each(["TERM", "9", "SIG", "SIGTERM; x", "SIGKILL&force=true"])("refuses the signal %j", async (killSignal) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await expect(engine.containers.kill(id, { killSignal })).rejects.toMatchObject({ code: "invalid_argument" });
      expect(await engine.containers.get(id)).toMatchObject({ state: "running" });
    });
  });

  describe("restarting", () => {
    test.each([
      ["running", false],
      ["ended", true],
    ])("a container that is %s starts it anew", async (_state, stopFirst) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const before = await engine.containers.get(id);
      if (stopFirst) await engine.containers.stop(id);
      await engine.containers.restart(id);
      const after = await engine.containers.get(id);
      expect(after).toMatchObject({ state: "running", name: before.name });
      expect(after.exitCode).toBeUndefined();
      expect(after.details?.startedAt?.getTime()).toBeGreaterThanOrEqual(before.details?.startedAt?.getTime() ?? 0);
      expect(before.details?.previousEndAt).toBeUndefined();
      expect(after.details?.previousEndAt?.getTime()).toBeLessThanOrEqual(after.details?.startedAt?.getTime() ?? 0);
    });
  });

  describe("removing", () => {
    test("a running container without force is a conflict with a hint, and it runs on", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await expect(engine.containers.remove(id, { force: false })).rejects.toMatchObject({
        code: "conflict",
        hint: expect.stringContaining("Stop it first"),
      });
      expect(await engine.containers.get(id)).toMatchObject({ state: "running" });
    });

    test("a container that has ended needs no force", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.stop(id);
      await engine.containers.remove(id, { force: false });
      await expect(engine.containers.get(id)).rejects.toMatchObject({ code: "not_found" });
    });

    test("kills a running container unless told otherwise", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.remove(id);
      await expect(engine.containers.get(id)).rejects.toMatchObject({ code: "not_found" });
    });
  });

  describe("the state digest", () => {
    test("stays as long as nobody changes the container", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const before = await digestOn(engine, id);
      await engine.containers.list();
      await readLog(engine, id);
      expect(await digestOn(engine, id)).toBe(before);
      expect(await digestOn(await bench.connect(), id)).toBe(before);
    });

    test("changes with every restart", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const digests = [await digestOn(engine, id)];
      for (const _time of [1, 2]) {
        await engine.containers.restart(id);
        digests.push(await digestOn(engine, id));
      }
      expect(new Set(digests).size).toBe(3);
    });

    test("changes with what has the name", async () => {
      const engine = await bench.connect();
      const name = newName();
      const first = await bench.makeContainer({ name });
      const before = await digestOn(engine, first);
      await engine.containers.remove(first);
      expect(await digestOn(engine, await bench.makeContainer({ name }))).not.toBe(before);
    });
  });
}
