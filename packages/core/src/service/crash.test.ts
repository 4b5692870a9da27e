import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { createSigner } from "../labels.ts";
import { defineWorkload } from "../spec/workload-spec.ts";
import { createMemoryEngine, createMemoryHost } from "../testing/memory-engine.ts";
import type { MemoryProgram } from "../testing/memory-job.ts";
import { ensureService } from "./ensure-service.ts";
import { recreateService } from "./recreate-service.ts";

const owner = "tester";
const signer = createSigner(randomBytes(32));
const app: MemoryProgram = async ({ variables, signal }) =>
  variables["EXIT"] === undefined
    ? await new Promise((resolve) => signal.addEventListener("abort", () => resolve(137), { once: true }))
    : Number(variables["EXIT"]);

const request = (variables: Record<string, string>) => ({
  owner,
  recreate: true,
  spec: defineWorkload({ env: { image: "app" }, lifecycle: "persistent", name: "web", variables }),
});

/** An engine whose process dies at a call: that call is made or not, and none is after it. */
function dyingAt(engine: Engine, call: number, isMade: boolean): { engine: Engine; calls: () => number } {
  let calls = 0;
  const containers = new Proxy(engine.containers, {
    get: (target, deed: keyof Engine["containers"]) => {
      if (deed === "logs") return target.logs.bind(target);
      return async (...parameters: unknown[]) => {
        if (++calls > call || (calls === call && !isMade)) throw new CosError("unavailable", "The process is dead.");
        const made: unknown = await Reflect.apply(target[deed], target, parameters);
        if (calls === call) throw new CosError("unavailable", "The process is dead.");
        return made;
      };
    },
  });
  return { engine: { ...engine, containers }, calls: () => calls };
}

/** What a replacement leaves when its process dies at a call, for each of its calls. */
async function dieAtEachCall(wanted: Record<string, string>) {
  const host = createMemoryHost();
  const { container } = await ensureService(createMemoryEngine({ signer, images: { app }, host }), request({}));
  const die = async (call: number, isMade: boolean) => {
    const own = createMemoryHost();
    for (const [id, old] of host.containers) own.containers.set(id, old);
    const engine = createMemoryEngine({ signer, images: { app }, host: own });
    const dying = dyingAt(engine, call, isMade);
    await ensureService(dying.engine, request(wanted)).catch(() => undefined);
    return { engine, calls: dying.calls(), oldId: container.id };
  };
  const { calls } = await die(Infinity, true);
  const each = Array.from({ length: calls }, (_, index) => index + 1);
  return await Promise.all(each.flatMap((call) => [die(call, false), die(call, true)]));
}

describe("a process that dies while it replaces a service", () => {
  test("leaves what the next one brings to an end, at whichever call it died", { timeout: 30_000 }, async () => {
    const deaths = await dieAtEachCall({ VERSION: "2" });
    expect(deaths.length).toBeGreaterThan(20);
    await Promise.all(
      deaths.map(async ({ engine }) => {
        const { container } = await ensureService(engine, request({ VERSION: "2" }));
        const left = (await engine.containers.list()).map(({ id, name, state }) => ({ id, name, state }));
        expect(left).toEqual([{ id: container.id, name: "cos-web", state: "running" }]);
        expect(await ensureService(engine, request({ VERSION: "2" }))).toMatchObject({ status: "unchanged" });
      }),
    );
  });

  test("leaves the old one to be put back when the new one is no good", { timeout: 30_000 }, async () => {
    const deaths = await dieAtEachCall({ EXIT: "1" });
    expect(deaths.length).toBeGreaterThan(20);
    await Promise.all(
      deaths.map(async ({ engine, oldId }) => {
        await ensureService(engine, { ...request({}), recreate: false });
        const left = (await engine.containers.list()).map(({ id, name, state }) => ({ id, name, state }));
        expect(left).toEqual([{ id: oldId, name: "cos-web", state: "running" }]);
      }),
    );
  });

  test("leaves what recreating it brings to an end, too", async () => {
    const engine = createMemoryEngine({ signer, images: { app } });
    const { container } = await ensureService(engine, request({}));
    // Set aside, without a successor yet.
    const id = container.ownership.status === "managed" ? container.ownership.labels.id : "";
    await engine.containers.rename(container.id, `cos-web.previous-${id.slice(0, 12)}`);
    await engine.containers.create({ ...request({}), temporary: "next" });
    const { container: anew } = await recreateService(engine, container);
    const left = (await engine.containers.list()).map(({ id: own, name, state }) => ({ id: own, name, state }));
    expect(left).toEqual([{ id: anew.id, name: "cos-web", state: "running" }]);
  });
});
