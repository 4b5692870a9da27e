import { describe, expect, test } from "vitest";
import type { CallOptions } from "../../call-options.ts";
import type { Engine } from "../../engine.ts";
import { readEntries } from "./files.ts";
import { type Bench, image, job, owner, readLog } from "./setup.ts";

const noSuchId = "0".repeat(64);

/** One call of each kind that waits for the engine. */
const calls: Readonly<Record<string, (engine: Engine, options: CallOptions) => Promise<unknown>>> = {
  ping: (engine, options) => engine.ping(options),
  info: (engine, options) => engine.info(options),
  diskUsage: (engine, options) => engine.diskUsage(options),
  events: (engine, options) => engine.events(options)[Symbol.asyncIterator]().next(),
  "jobs.run": (engine, options) => engine.jobs.run(job("echo hello"), options),
  "jobs.start": (engine, options) => engine.jobs.start(job("echo hello"), options),
  "containers.list": (engine, options) => engine.containers.list({}, options),
  "containers.get": (engine, options) => engine.containers.get(noSuchId, options),
  "containers.create": (engine, options) => engine.containers.create(job("echo hello"), options),
  "containers.start": (engine, options) => engine.containers.start(noSuchId, options),
  "containers.rename": (engine, options) => engine.containers.rename(noSuchId, "cos-no-such-container", options),
  "containers.wait": (engine, options) => engine.containers.wait(noSuchId, { until: "exit", ...options }),
  "containers.stop": (engine, options) => engine.containers.stop(noSuchId, options),
  "containers.kill": (engine, options) => engine.containers.kill(noSuchId, options),
  "containers.restart": (engine, options) => engine.containers.restart(noSuchId, options),
  "containers.remove": (engine, options) => engine.containers.remove(noSuchId, options),
  "containers.readFiles": (engine, options) => readEntries(engine, noSuchId, "/etc", options),
  "containers.writeFiles": (engine, options) => engine.containers.writeFiles(noSuchId, "/", [], options),
  "containers.stats": (engine, options) => engine.containers.stats(noSuchId, options),
  "containers.logs": (engine, options) => readLog(engine, noSuchId, options),
  "containers.exec": (engine, options) => engine.containers.exec(noSuchId, { command: "echo hello" }, options),
  "containers.recover": (engine, options) => engine.containers.recover(options),
  "images.ensure": (engine, options) => engine.images.ensure({ image }, { pull: "never", owner, ...options }),
  "images.list": (engine, options) => engine.images.list({}, options),
  "images.find": (engine, options) => engine.images.find(image, options),
  "images.pull": (engine, options) => engine.images.pull("127.0.0.1:1/none:1", options),
  "images.build": (engine, options) =>
    engine.images.build({ env: { build: { inline: "" } }, tag: "x:1", owner }, options),
  "images.push": (engine, options) => engine.images.push("127.0.0.1:1/none:1", options),
  "images.removeTag": (engine, options) => engine.images.removeTag("127.0.0.1:1/none:1", options),
  "images.remove": (engine, options) => engine.images.remove(`sha256:${noSuchId}`, options),
  "networks.get": (engine, options) => engine.networks.get("no-such-network", options),
  "networks.list": (engine, options) => engine.networks.list({}, options),
  "networks.create": (engine, options) => engine.networks.create({ name: "contract-no-network", owner }, options),
  "networks.remove": (engine, options) => engine.networks.remove(noSuchId, options),
  "volumes.list": (engine, options) => engine.volumes.list({}, options),
  "volumes.ensure": (engine, options) => engine.volumes.ensure({ name: "contract-none", owner }, options),
  "volumes.remove": (engine, options) => engine.volumes.remove("cos-no-such-volume", options),
};

export function describeConnection(bench: Bench): void {
  describe("connection", () => {
    test("a ping answers with the engine's version and how long it took", async () => {
      const engine = await bench.connect();
      const { version, apiVersion, latencyMs } = await engine.ping();
      expect(version).toMatch(/^\d+\.\d+/);
      expect(apiVersion).toMatch(/^\d+\.\d+$/);
      expect(latencyMs).toBeGreaterThanOrEqual(0);
    });

    test("info describes the same engine as ping does", async () => {
      const engine = await bench.connect();
      const { version, apiVersion } = await engine.ping();
      expect(await engine.info()).toMatchObject({
        version,
        apiVersion,
        os: expect.stringMatching(/./),
        architecture: expect.stringMatching(/./),
      });
    });

    test("its name, driver and capabilities are known without asking", async () => {
      const engine = await bench.connect();
      expect(engine.name).not.toBe("");
      expect(engine.driver).not.toBe("");
      expect(engine.capabilities.cpus).toBeGreaterThan(0);
      expect(engine.capabilities.memoryBytes).toBeGreaterThan(0);
      expect(engine.capabilities.limits).toEqual({ cpus: true, memory: true, pids: true });
    });

    test.each(Object.entries(calls))("%s with an aborted signal is cancelled", async (_name, call) => {
      const engine = await bench.connect();
      await expect(call(engine, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
    });

    test.each(Object.entries(calls))("%s after close is unavailable", async (_name, call) => {
      const engine = await bench.connect();
      await engine.close();
      await expect(call(engine, {})).rejects.toMatchObject({ code: "unavailable" });
    });

    test("closing twice is the same as closing once", async () => {
      const engine = await bench.connect();
      await Promise.all([engine.close(), engine.close()]);
      await engine.close();
      await expect(engine.ping()).rejects.toMatchObject({ code: "unavailable" });
    });

    test("leaving the scope of `await using` closes it", async () => {
      const engine = await bench.connect();
      await engine[Symbol.asyncDispose]();
      await expect(engine.ping()).rejects.toMatchObject({ code: "unavailable" });
    });

    test("closing one connection leaves the others open", async () => {
      const [first, second] = [await bench.connect(), await bench.connect()];
      await first.close();
      await expect(second.ping()).resolves.toMatchObject({ version: expect.any(String) });
    });
  });
}
