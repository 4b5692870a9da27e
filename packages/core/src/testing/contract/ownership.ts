import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { createSigner, specLabel } from "../../labels.ts";
import type { Container } from "../../resources.ts";
import { type Bench, image, job, longCommand, newName, newSigner, owner, whileRunning } from "./setup.ts";

async function containerNamed(
  engine: Engine,
  name: string,
  filter: { managed?: boolean } = {},
): Promise<Container | undefined> {
  return (await engine.containers.list(filter)).find((container) => container.name === `cos-${name}`);
}

export function describeOwnership(bench: Bench): void {
  describe("names and ownership", () => {
    test("a running job is listed as managed, with what its signed labels say", async () => {
      const engine = await bench.connect();
      const name = newName();
      const spec = {
        name,
        purpose: "shows labels",
        project: "contract",
        ttlSeconds: 600,
        labels: { "user.team": "red" },
      };
      const { seen, result } = await whileRunning(engine, spec, () => containerNamed(engine, name, { managed: true }));
      expect(seen).toMatchObject({
        id: result.containerId,
        name: `cos-${name}`,
        imageId: result.imageId,
        state: "running",
        networks: ["none"],
      });
      expect(seen?.labels).toEqual({ "user.team": "red" });
      expect(seen?.ownership).toEqual({
        status: "managed",
        labels: {
          id: expect.stringMatching(/^[0-9a-f]{32}$/),
          owner,
          lifecycle: "ephemeral",
          name,
          purpose: "shows labels",
          project: "contract",
          image,
          createdAt: expect.any(Date),
          ttlSeconds: 600,
          ...specLabel(job(longCommand, spec).spec),
        },
      });
    });

    test("a container looks the same when it is got by its id", async () => {
      const engine = await bench.connect();
      const name = newName();
      const { seen } = await whileRunning(engine, { name }, async () => {
        const listed = await containerNamed(engine, name);
        return { listed, got: await engine.containers.get(listed?.id ?? "") };
      });
      const { id, state, networks, labels, ownership } = seen.got;
      expect({ id, name: seen.got.name, state, networks, labels, ownership }).toEqual({
        id: seen.listed?.id,
        name: `cos-${name}`,
        state: "running",
        networks: ["none"],
        labels: { "user.test": "contract" },
        ownership: seen.listed?.ownership,
      });
    });

    test("a job without a name is named after its id", async () => {
      const engine = await bench.connect();
      const { seen, result } = await whileRunning(engine, {}, () => engine.containers.list({ managed: true }));
      const container = seen.find(({ id }) => id === result.containerId);
      const id = container?.ownership.status === "managed" ? container.ownership.labels.id : "";
      expect(container?.name).toBe(`cos-job-${id.slice(0, 12)}`);
      expect(result.name).toBe(container?.name);
    });

    test("a name that is taken is refused with a hint, and the job that has it goes on", async () => {
      const engine = await bench.connect();
      const name = newName();
      const { seen, result } = await whileRunning(engine, { name }, () =>
        engine.jobs.run(job("echo hello", { name })).catch((error: unknown) => error),
      );
      expect(seen).toMatchObject({ code: "already_exists", hint: expect.any(String) });
      expect(result).toMatchObject({ name: `cos-${name}`, cancelled: true, stdout: "ready\n" });
    });

    test("a name is free again when its job's connection is closed", async () => {
      const name = newName();
      for (const _round of [1, 2]) {
        const engine = await bench.connect();
        expect(await engine.jobs.run(job("echo hello", { name }))).toMatchObject({ name: `cos-${name}`, exitCode: 0 });
        await engine.close();
      }
    });

    test("to another installation a job is foreign, and not managed", async () => {
      const [mine, others] = [await bench.connect(), await bench.connect(newSigner())];
      const name = newName();
      const { seen } = await whileRunning(mine, { name }, async () => ({
        all: await containerNamed(others, name),
        managed: await containerNamed(others, name, { managed: true }),
      }));
      expect(seen.all?.ownership).toEqual({ status: "foreign", instance: bench.signer.instance, owner });
      expect(seen.managed).toBeUndefined();
    });

    test("an installation with a new key recognises what it signed with the retired one", async () => {
      const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
      const [before, after] = [
        await bench.connect(createSigner(oldKey)),
        await bench.connect(createSigner(newKey, [oldKey])),
      ];
      const name = newName();
      const { seen } = await whileRunning(before, { name }, () => containerNamed(after, name, { managed: true }));
      expect(seen?.ownership).toMatchObject({ status: "managed", labels: { owner, name } });
    });

    test("a published port is bound to loopback only", async () => {
      const engine = await bench.connect();
      const name = newName();
      const { seen } = await whileRunning(engine, { name, ports: ["0:8080"] }, () => containerNamed(engine, name));
      expect(seen?.networks).toEqual(["bridge"]);
      expect(seen?.ports).toEqual([
        { hostAddress: "127.0.0.1", hostPort: expect.any(Number), containerPort: 8080, protocol: "tcp" },
      ]);
      expect(seen?.ports[0]?.hostPort).toBeGreaterThan(0);
    });
  });
}
