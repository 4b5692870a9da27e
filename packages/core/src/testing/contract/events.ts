import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import type { ContainerEvent, EngineEvent } from "../../events.ts";
import { engineName } from "../../labels.ts";
import { defineWorkload, type WorkloadInput } from "../../spec/workload-spec.ts";
import { type Bench, image, job, longCommand, newName, newSigner, owner } from "./setup.ts";

function service(command: string, spec: Partial<WorkloadInput> = {}) {
  const defaults = { env: { image }, pull: "never", lifecycle: "persistent", network: "none" } as const;
  return { owner, spec: defineWorkload({ ...defaults, name: newName(), command, ...spec }) };
}

/** Listens from now on; `until` gives what comes about one container, up to the event of that kind. */
async function listen(engine: Engine, signal?: AbortSignal) {
  const events = engine.events({ signal })[Symbol.asyncIterator]();
  expect(await events.next()).toMatchObject({ value: { kind: "resync" } });
  return {
    next: () => events.next() as Promise<IteratorResult<EngineEvent, undefined>>,
    stop: async () => void (await events.return?.()),
    async until(kind: ContainerEvent["kind"], id: string): Promise<ContainerEvent[]> {
      const seen: ContainerEvent[] = [];
      for (;;) {
        const { value } = (await events.next()) as { value: EngineEvent };
        if (value.kind === "resync" || value.id !== id) continue;
        seen.push(value);
        if (value.kind === kind) return seen;
      }
    },
  };
}

const kindsOf = (events: readonly ContainerEvent[]) => events.map(({ kind }) => kind);

export function describeEvents(bench: Bench): void {
  describe("events", () => {
    test("tell what becomes of a service, from its beginning to its end", async () => {
      const engine = await bench.connect();
      const events = await listen(engine);
      const request = service(longCommand);
      const { id, name } = await engine.containers.create(request);
      await engine.containers.start(id);
      await engine.containers.stop(id, { graceSeconds: 0 });
      await engine.containers.start(id);
      await engine.containers.remove(id);
      const seen = await events.until("removed", id);
      expect(kindsOf(seen)).toEqual(["created", "started", "ended", "started", "ended", "removed"]);
      const about = { id, name, ownership: { status: "managed", labels: { owner, name: request.spec.name } } };
      expect(seen).toMatchObject(seen.map(({ kind }) => ({ kind, ...about })));
      await events.stop();
    });

    test("tell of a job", async () => {
      const engine = await bench.connect();
      const events = await listen(engine);
      const { containerId } = await engine.jobs.run(job("echo hello"));
      expect(kindsOf(await events.until("removed", containerId))).toEqual(["created", "started", "ended", "removed"]);
      await events.stop();
    });

    test("tell both names of what is renamed", async () => {
      const engine = await bench.connect();
      const request = service(longCommand);
      const { id } = await engine.containers.create({ ...request, temporary: "next" });
      const { name: previousName } = await engine.containers.get(id);
      const events = await listen(engine);
      await engine.containers.rename(id, engineName(request.spec.name ?? ""));
      const renamed = (await events.until("renamed", id)).at(-1);
      expect(renamed).toMatchObject({ name: engineName(request.spec.name ?? ""), previousName });
      await events.stop();
    });

    test("tell when a health check has come to a verdict", { timeout: 30_000 }, async () => {
      const engine = await bench.connect();
      const events = await listen(engine);
      const { id } = await engine.containers.create(
        service(longCommand, { healthCheck: { command: "true", intervalSeconds: 5 } }),
      );
      await engine.containers.start(id);
      expect(kindsOf(await events.until("health", id))).toEqual(["created", "started", "health"]);
      await events.stop();
    });

    test("are of everybody's containers, and tell whose they are", async () => {
      const [mine, theirs] = [await bench.connect(), await bench.connect(newSigner())];
      const events = await listen(mine);
      const { id } = await theirs.containers.create(service(longCommand));
      expect(await events.until("created", id)).toMatchObject([{ ownership: { status: "foreign" } }]);
      const plain = await bench.makeContainer();
      expect((await events.until("started", plain)).at(-1)).toMatchObject({ ownership: { status: "unmanaged" } });
      await events.stop();
    });

    test("come to everybody who listens, from when they listen", async () => {
      const engine = await bench.connect();
      const first = await listen(engine);
      const { id } = await engine.containers.create(service(longCommand));
      expect(kindsOf(await first.until("created", id))).toEqual(["created"]);
      const second = await listen(engine);
      await engine.containers.remove(id);
      expect(kindsOf(await first.until("removed", id))).toEqual(["removed"]);
      expect(kindsOf(await second.until("removed", id))).toEqual(["removed"]);
      await Promise.all([first.stop(), second.stop()]);
    });

    test("end for who cancels, and go on for others", async () => {
      const engine = await bench.connect();
      const stop = new AbortController();
      const [one, other] = [await listen(engine, stop.signal), await listen(engine)];
      const next = one.next();
      stop.abort();
      await expect(next).rejects.toMatchObject({ code: "cancelled" });
      const { id } = await engine.containers.create(service(longCommand));
      expect(kindsOf(await other.until("created", id))).toEqual(["created"]);
      await other.stop();
    });

    test("end with the connection", async () => {
      const engine = await bench.connect();
      const events = await listen(engine);
      const next = events.next();
      next.catch(() => undefined);
      await engine.close();
      await expect(next).rejects.toMatchObject({ code: "unavailable" });
    });
  });
}
