import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { type Bench, job, newName, newSigner, owner, whileRunning } from "./setup.ts";

const namesOn = async (engine: Engine, filter: { managed?: boolean } = {}) =>
  (await engine.networks.list(filter)).map(({ name }) => name);

export function describeNetworks(bench: Bench): void {
  describe("networks", () => {
    test("a network is made without a way out, signed, and found by its name and in the list", async () => {
      const engine = await bench.connect();
      const name = newName();
      const network = await engine.networks.create({ name, owner, project: "contract", purpose: "shows labels" });
      expect(network).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        name: `cos-${name}`,
        createdAt: expect.any(Date),
        internal: true,
        ownership: {
          status: "managed",
          labels: {
            id: expect.stringMatching(/^[0-9a-f]{32}$/),
            owner,
            lifecycle: "persistent",
            name,
            purpose: "shows labels",
            project: "contract",
            image: "",
            createdAt: expect.any(Date),
            ttlSeconds: undefined,
            spec: "",
            specDigest: "",
          },
        },
      });
      expect(await engine.networks.get(name)).toEqual(network);
      expect(await engine.networks.list({ managed: true })).toEqual([network]);
      expect(await namesOn(engine)).toContain(`cos-${name}`);
    });

    test("one with egress is not internal", async () => {
      const engine = await bench.connect();
      expect(await engine.networks.create({ name: newName(), owner, egress: true })).toMatchObject({ internal: false });
    });

    test("a name that is taken is refused, whoever took it", async () => {
      const [engine, others] = [await bench.connect(), await bench.connect(newSigner())];
      const name = newName();
      const { id } = await engine.networks.create({ name, owner });
      for (const somebody of [engine, others]) {
        await expect(somebody.networks.create({ name, owner })).rejects.toMatchObject({
          code: "already_exists",
          hint: expect.any(String),
        });
      }
      expect(await engine.networks.get(name)).toMatchObject({ id });
    });

    test.each(["none", "bridge", "host", "default", "container", "", "A", "a/b", "-a", "a".repeat(51)])(
      "%j cannot be a network's name",
      async (name) => {
        const engine = await bench.connect();
        await expect(engine.networks.create({ name, owner })).rejects.toMatchObject({ code: "invalid_argument" });
        expect(await engine.networks.list({ managed: true })).toEqual([]);
      },
    );

    test("options of a driver cannot be asked for", async () => {
      const engine = await bench.connect();
      for (const more of [{ driver: "macvlan" }, { options: { parent: "eth0" } }, { subnet: "10.0.0.0/8" }]) {
        await expect(engine.networks.create({ name: newName(), owner, ...more })).rejects.toMatchObject({
          code: "invalid_argument",
        });
      }
      expect(await engine.networks.list({ managed: true })).toEqual([]);
    });

    test("to another installation it is foreign, and not to be joined", async () => {
      const [engine, others] = [await bench.connect(), await bench.connect(newSigner())];
      const name = newName();
      await engine.networks.create({ name, owner });
      const seen = (await others.networks.list()).find((network) => network.name === `cos-${name}`);
      expect(seen?.ownership).toEqual({ status: "foreign", instance: bench.signer.instance, owner });
      expect(await namesOn(others, { managed: true })).toEqual([]);
      await expect(others.networks.get(name)).rejects.toMatchObject({ code: "not_found" });
      await expect(others.jobs.run(job("echo hello", { network: name }))).rejects.toMatchObject({ code: "not_found" });
    });

    test("its owner's jobs join it, and nobody else's", async () => {
      const engine = await bench.connect();
      const name = newName();
      await engine.networks.create({ name, owner });
      expect(await engine.jobs.run(job("echo hello", { network: name }))).toMatchObject({ stdout: "hello\n" });
      const others = { ...job("echo hello", { network: name }), owner: "somebody-else" };
      await expect(engine.jobs.run(others)).rejects.toMatchObject({ code: "not_found" });
    });

    test("ports cannot be published where nothing leads out", async () => {
      const engine = await bench.connect();
      const name = newName();
      await engine.networks.create({ name, owner });
      const publishing = job("echo hello", { network: name, ports: ["0:8080"] });
      await expect(engine.jobs.run(publishing)).rejects.toMatchObject({ code: "failed_precondition" });
    });

    test("removing one takes its full id, and succeeds when it is gone", async () => {
      const engine = await bench.connect();
      const name = newName();
      const { id } = await engine.networks.create({ name, owner });
      for (const other of [name, `cos-${name}`, id.slice(0, 12), "bridge", "", "../containers"]) {
        await expect(engine.networks.remove(other)).rejects.toMatchObject({ code: "invalid_argument" });
      }
      await engine.networks.remove(id);
      await engine.networks.remove(id);
      await expect(engine.networks.get(name)).rejects.toMatchObject({ code: "not_found" });
    });

    test("one that a running job is on is not removed, and the job goes on", async () => {
      const engine = await bench.connect();
      const network = newName();
      const { id } = await engine.networks.create({ name: network, owner });
      const { seen, result } = await whileRunning(engine, { network }, async () => ({
        networks: (await engine.containers.list({ managed: true })).map(({ networks }) => networks),
        refusal: await engine.networks.remove(id).catch((error: unknown) => error),
      }));
      expect(seen.networks).toEqual([[`cos-${network}`]]);
      expect(seen.refusal).toMatchObject({ code: "conflict", hint: expect.any(String) });
      expect(result).toMatchObject({ cancelled: true, stdout: "ready\n" });
      expect(await namesOn(engine)).toContain(`cos-${network}`);
    });

    test("one that a stopped container is on is not removed: it could not be started again", async () => {
      const engine = await bench.connect();
      const name = newName();
      const { id } = await engine.networks.create({ name, owner });
      const container = await bench.makeContainer({ network: `cos-${name}` });
      await engine.containers.stop(container);
      await expect(engine.networks.remove(id)).rejects.toMatchObject({ code: "conflict" });
      await engine.containers.restart(container);
      await engine.containers.remove(container);
      await engine.networks.remove(id);
      expect(await namesOn(engine)).not.toContain(`cos-${name}`);
    });

    test.each(["no-such-network", "bridge", "none", "a/b", "../info", "", "x".repeat(300)])(
      "%j is no managed network",
      async (name) => {
        const engine = await bench.connect();
        await expect(engine.networks.get(name)).rejects.toMatchObject({ code: "not_found", hint: expect.any(String) });
      },
    );
  });
}
