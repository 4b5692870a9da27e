import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { engineName, temporaryName } from "../../labels.ts";
import type { ContainerRequest } from "../../lifecycle.ts";
import { defineWorkload, type WorkloadInput } from "../../spec/workload-spec.ts";
import { type Bench, image, longCommand, newName, newSigner, owner, readLog } from "./setup.ts";

/** A service of the suite's image. */
function service(command: string, spec: Partial<WorkloadInput> = {}): ContainerRequest {
  const defaults = {
    env: { image },
    pull: "never",
    labels: { "user.test": "contract" },
    lifecycle: "persistent",
  } as const;
  return { owner, spec: defineWorkload({ ...defaults, name: newName(), command, ...spec }) };
}

async function started(engine: Engine, request: ContainerRequest): Promise<string> {
  const { id } = await engine.containers.create(request);
  await engine.containers.start(id);
  return id;
}

export function describeLifecycle(bench: Bench): void {
  describe("creating a container without starting it", () => {
    test("makes it with its signed labels, and it does not run", async () => {
      const engine = await bench.connect();
      const request = service(longCommand, { purpose: "waits" });
      const container = await engine.containers.create(request);
      expect(container).toMatchObject({
        name: `cos-${request.spec.name}`,
        state: "created",
        labels: { "user.test": "contract" },
        ownership: { status: "managed", labels: { owner, lifecycle: "persistent", purpose: "waits" } },
      });
      expect(container.details).toMatchObject({ startedAt: undefined, restarts: 0 });
      expect(await engine.containers.get(container.id)).toEqual(container);
    });

    test("refuses a name that is taken", async () => {
      const engine = await bench.connect();
      const request = service(longCommand);
      const { id } = await engine.containers.create(request);
      await expect(engine.containers.create(request)).rejects.toMatchObject({
        code: "already_exists",
        hint: expect.any(String),
      });
      expect(await engine.containers.get(id)).toMatchObject({ state: "created" });
    });

    test("makes what is to replace it beside it, under a temporary name", async () => {
      const engine = await bench.connect();
      const request = service(longCommand);
      await engine.containers.create(request);
      const next = await engine.containers.create({ ...request, temporary: "next" });
      const id = next.ownership.status === "managed" ? next.ownership.labels.id : "";
      expect(next).toMatchObject({
        name: temporaryName(request.spec.name ?? "", "next", id),
        state: "created",
        ownership: { status: "managed", labels: { name: request.spec.name } },
      });
    });

    test("leaves nothing behind when it is refused", async () => {
      const engine = await bench.connect();
      const request = service(longCommand, { limits: { cpus: 256 } });
      await expect(engine.containers.create(request)).rejects.toMatchObject({ code: "failed_precondition" });
      const names = (await engine.containers.list()).map(({ name }) => name);
      expect(names).not.toContain(engineName(request.spec.name ?? ""));
    });
  });

  describe("starting a container", () => {
    test("runs it, and its output is in its log", async () => {
      const engine = await bench.connect();
      const id = await started(engine, service(longCommand));
      expect(await engine.containers.get(id)).toMatchObject({
        state: "running",
        details: { startedAt: expect.any(Date) },
      });
      await expect.poll(() => readLog(engine, id), { timeout: 10_000 }).toMatchObject({ stdout: "ready\n" });
    });

    test("that runs already changes nothing", async () => {
      const engine = await bench.connect();
      const id = await started(engine, service(longCommand));
      const before = await engine.containers.get(id);
      await engine.containers.start(id);
      expect((await engine.containers.get(id)).details).toEqual(before.details);
    });

    test("that has ended runs it again", async () => {
      const engine = await bench.connect();
      const id = await started(engine, service("exit 7"));
      expect(await engine.containers.wait(id, { until: "exit" })).toMatchObject({ state: "exited", exitCode: 7 });
      await engine.containers.start(id);
      expect(await engine.containers.wait(id, { until: "exit" })).toMatchObject({ state: "exited", exitCode: 7 });
    });

    test("outlives the connection", async () => {
      const engine = await bench.connect();
      const id = await started(engine, service(longCommand));
      await engine.close();
      expect(await (await bench.connect()).containers.get(id)).toMatchObject({ state: "running" });
    });
  });

  describe("renaming a container", () => {
    test("gives it a temporary name and its own again, under which it stays managed", async () => {
      const engine = await bench.connect();
      const request = service(longCommand);
      const { id, ownership } = await engine.containers.create(request);
      const cosId = ownership.status === "managed" ? ownership.labels.id : "";
      for (const name of [
        temporaryName(request.spec.name ?? "", "previous", cosId),
        engineName(request.spec.name ?? ""),
        engineName(request.spec.name ?? ""),
      ]) {
        await engine.containers.rename(id, name);
        expect(await engine.containers.get(id)).toMatchObject({ name, ownership });
      }
    });

    test("to another workload's name makes it unmanaged", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const request = service(longCommand);
      const container = await engine.containers.create(request);
      await engine.containers.rename(container.id, `cos-${newName()}`);
      const seen = await engine.containers.get(container.id);
      await engine.containers.rename(container.id, container.name);
      expect(seen.ownership).toEqual({ status: "unmanaged" });
      expect(await engine.containers.get(id)).toMatchObject({ ownership: { status: "unmanaged" } });
    });

    test("to a name that is taken is refused", async () => {
      const engine = await bench.connect();
      const [one, other] = [
        await engine.containers.create(service(longCommand)),
        await engine.containers.create(service(longCommand)),
      ];
      await expect(engine.containers.rename(one.id, other.name)).rejects.toMatchObject({
        code: "already_exists",
        hint: expect.any(String),
      });
      expect(await engine.containers.get(one.id)).toMatchObject({ name: one.name });
    });

    test.each([
      "web",
      "cos-",
      "cos-Web",
      "cos-web.next",
      "cos-web.next-0123",
      "cos-web.other-0123456789ab",
      "cos-a b",
      "",
    ])("to %j is refused, which cos gives nobody", async (name) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await expect(engine.containers.rename(id, name)).rejects.toMatchObject({ code: "invalid_argument" });
    });
  });

  describe("waiting for a container", () => {
    test("ends when it ends, with its exit code", async () => {
      const engine = await bench.connect();
      const id = await started(engine, service(longCommand));
      const waiting = engine.containers.wait(id, { until: "exit" });
      await engine.containers.stop(id, { graceSeconds: 0 });
      const { state, exitCode } = await waiting;
      expect(state).toBe("exited");
      expect([137, 143]).toContain(exitCode);
    });

    test("that was never started ends at once", async () => {
      const engine = await bench.connect();
      const { id } = await engine.containers.create(service(longCommand));
      expect(await engine.containers.wait(id, { until: "exit" })).toEqual({ state: "created" });
    });

    test("fails when it is removed meanwhile", async () => {
      const engine = await bench.connect();
      const id = await started(engine, service(longCommand));
      const waiting = engine.containers.wait(id, { until: "exit" }).catch((error: unknown) => error);
      await engine.containers.remove(id);
      expect(await waiting).toMatchObject({ code: "not_found" });
    });

    test("is given up when it is cancelled, and the container runs on", async () => {
      const engine = await bench.connect();
      const check = { command: "exit 7", intervalSeconds: 5 };
      const id = await started(engine, service(longCommand, { healthCheck: check }));
      for (const until of ["exit", "healthy"] as const) {
        const stop = new AbortController();
        const waiting = engine.containers.wait(id, { until, signal: stop.signal });
        stop.abort();
        await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
      }
      expect(await engine.containers.get(id)).toMatchObject({ state: "running" });
    });

    test("until it is healthy ends with the first good check", { timeout: 30_000 }, async () => {
      const engine = await bench.connect();
      const healthCheck = { command: "echo hello", intervalSeconds: 5 };
      const id = await started(engine, service(longCommand, { healthCheck }));
      expect(await engine.containers.wait(id, { until: "healthy" })).toEqual({ state: "running", health: "healthy" });
      expect((await engine.containers.get(id)).details).toMatchObject({ health: "healthy" });
      expect(await engine.containers.wait(id, { until: "checked" })).toMatchObject({ health: "healthy" });
    });

    test("until it was checked ends with the last bad check", { timeout: 30_000 }, async () => {
      const engine = await bench.connect();
      const healthCheck = { command: "exit 7", intervalSeconds: 5, retries: 1 };
      const id = await started(engine, service(longCommand, { healthCheck }));
      expect(await engine.containers.wait(id, { until: "checked" })).toEqual({ state: "running", health: "unhealthy" });
    });

    test("until it is healthy fails when it ends before", async () => {
      const engine = await bench.connect();
      const healthCheck = { command: longCommand, intervalSeconds: 60 };
      const id = await started(engine, service("sleep 0.1", { healthCheck }));
      await expect(engine.containers.wait(id, { until: "healthy" })).rejects.toMatchObject({
        code: "failed_precondition",
      });
    });

    test.each(["healthy", "checked"] as const)("until it is %s fails when nothing checks it", async (until) => {
      const engine = await bench.connect();
      const id = await started(engine, service(longCommand));
      await expect(engine.containers.wait(id, { until })).rejects.toMatchObject({
        code: "failed_precondition",
        hint: expect.any(String),
      });
    });
  });

  test("another installation's container can be started, and is not managed", async () => {
    const [mine, theirs] = [await bench.connect(), await bench.connect(newSigner())];
    const { id } = await theirs.containers.create(service(longCommand));
    await mine.containers.start(id);
    expect(await mine.containers.get(id)).toMatchObject({ state: "running", ownership: { status: "foreign" } });
  });
}
