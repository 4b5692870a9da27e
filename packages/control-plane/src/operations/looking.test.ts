import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost, fakeBusybox } from "@cos/core/testing";
import { describe, expect, test } from "vitest";
import { agent, openBench } from "../testing/bench.ts";

const value = "correct horse battery staple";

/** A bench with a container of somebody's, and services of two agents. */
async function open() {
  const host = createMemoryHost();
  addContainer(host, { name: "web", image: "nginx:1" });
  const images = { "busybox:latest": fakeBusybox };
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images, host });
  for (const owner of ["agent", "other"]) {
    const spec = defineWorkload({
      env: { image: "busybox" },
      command: "echo ready; sleep 60",
      lifecycle: "persistent",
      name: `${owner}s`,
      ttlSeconds: 3600,
      variables: { PASSWORD: value, TOKEN: "secret://TOKEN" },
      limits: { memory: "64m" },
    });
    const { id } = await engine.containers.create({ spec, owner, secrets: () => value });
    await engine.containers.start(id);
  }
  return openBench({ engine });
}

describe("container_inspect", () => {
  test("tells how a container was made and what was asked for", async () => {
    const bench = await open();
    const outcome = await bench.perform("container_inspect", { container: "agents" });
    expect(outcome).toMatchObject({
      status: "done",
      result: {
        name: "cos-agents",
        owner: "agent",
        state: "running",
        startedAt: expect.any(String),
        command: ["echo ready; sleep 60"],
        variables: ["PASSWORD", "TOKEN"],
        limits: { memoryBytes: 64 * 1024 ** 2 },
        ttlSeconds: 3600,
        specDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        spec: { profile: "service", variables: { PASSWORD: "[hidden]", TOKEN: "secret://TOKEN" } },
        shortened: false,
      },
    });
    expect(JSON.stringify(outcome)).not.toContain(value);
  });

  test("of somebody else's container tells what the engine says, and no spec", async () => {
    const bench = await open();
    const outcome = await bench.perform("container_inspect", { container: "web" });
    expect(outcome).toMatchObject({ status: "done", result: { ownership: "unmanaged", image: "nginx:1" } });
    expect(outcome).not.toMatchObject({ result: { spec: expect.anything() } });
  });

  test("shows an agent no container of another", async () => {
    const bench = await open();
    const asked = bench.perform("container_inspect", { container: "others" }, { caller: agent });
    await expect(asked).rejects.toMatchObject({ code: "not_found" });
  });

  test("says it in words, a line for each thing", async () => {
    const bench = await open();
    const { text } = (await bench.perform("container_inspect", { container: "agents" })) as { text: string };
    expect(text).toMatch(/^cos-agents {2}[0-9a-f]{12}\n/);
    expect(text).toMatch(/\nProcess\n {2}entrypoint +\/bin\/sh -c\n {2}command +"echo ready; sleep 60"\n/);
    expect(text).toMatch(/\nLimits\n {2}memory +64 MiB\n/);
  });
});

describe("container_stats", () => {
  test("measures one container", async () => {
    const bench = await open();
    expect(await bench.perform("container_stats", { container: "web" })).toMatchObject({
      status: "done",
      result: { containers: [{ name: "web", memoryBytes: expect.any(Number), at: expect.any(String) }] },
    });
  });

  test("measures all that run and that the caller may see", async () => {
    const bench = await open();
    const names = async (more = {}) => {
      const { result } = (await bench.perform("container_stats", {}, more)) as unknown as {
        result: { containers: { name: string }[] };
      };
      return result.containers.map(({ name }) => name);
    };
    expect(await names()).toEqual(["cos-agents", "cos-others", "web"]);
    expect(await names({ caller: agent })).toEqual(["cos-agents", "web"]);
    await bench.perform("container_stop", { container: "web", graceSeconds: 0 });
    expect(await names()).toEqual(["cos-agents", "cos-others"]);
  });

  test("refuses one that does not run", async () => {
    const bench = await open();
    await bench.perform("container_stop", { container: "web", graceSeconds: 0 });
    await expect(bench.perform("container_stats", { container: "web" })).rejects.toMatchObject({
      code: "failed_precondition",
    });
  });
});

describe("engine_info", () => {
  test("tells what the engine is and can do, its health, and what is on its disk", async () => {
    const bench = await open();
    expect(await bench.perform("engine_info", {})).toMatchObject({
      status: "done",
      result: {
        engine: "memory",
        driver: "memory",
        capabilities: { cpus: 4, limits: { memory: true } },
        health: expect.arrayContaining([{ subject: "engine", status: "ok", message: expect.any(String) }]),
        diskUsage: { all: { containers: { count: 3 } }, managed: { containers: { count: 2 } } },
      },
      text: expect.stringContaining("containers: 3, 0 B, of which 2 managed, 0 B"),
    });
  });

  test("does not look at the disk when that is not wanted", async () => {
    const bench = await open();
    expect(await bench.perform("engine_info", { diskUsage: false })).not.toMatchObject({
      result: { diskUsage: expect.anything() },
    });
    expect(bench.engineCalls).not.toContain("diskUsage");
  });
});
