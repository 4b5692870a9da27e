import { randomBytes } from "node:crypto";
import { createSigner, type Engine } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost, type MemoryProgram } from "@cos/core/testing";
import { defaultPolicy } from "@cos/policy";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agent, type Bench, deciding, openBench } from "../testing/bench.ts";

const app: MemoryProgram = async ({ variables, stdout, signal }) => {
  await stdout("up\n");
  if (variables["EXIT"] !== undefined) return Number(variables["EXIT"]);
  return await new Promise((resolve) => signal.addEventListener("abort", () => resolve(137), { once: true }));
};

let host = createMemoryHost();
let engine: Engine;
let bench: Bench;
beforeEach(() => {
  host = createMemoryHost();
  engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: { app }, host });
  bench = openBench({ engine });
});
afterEach(async () => {
  for (const { id } of await engine.containers.list()) await engine.containers.remove(id);
});

const web = { name: "web", image: "app" };
const asking = () => openBench({ engine, policy: deciding("confirm") });
const previewOf = async (operation: string, input: object) => {
  const outcome = await asking().perform(operation, input);
  if (outcome.status !== "confirm") throw new Error(`it was ${outcome.status}`);
  return outcome.preview;
};

describe("container_ensure", () => {
  test("says what it did, with the service and how it differs", async () => {
    expect(await bench.perform("container_ensure", web)).toMatchObject({
      status: "done",
      result: { status: "created", name: "cos-web", state: "running", drift: [] },
      text: expect.stringMatching(/^created [0-9a-f]{12} {2}cos-web {2}app {2}running {2}user$/),
    });
    expect(await bench.perform("container_ensure", web)).toMatchObject({ result: { status: "unchanged" } });
    expect(await bench.perform("container_ensure", { ...web, env: { A: "1" } })).toMatchObject({
      result: {
        status: "drifted",
        drift: [{ field: "variables.A", wanted: '"1"' }],
        hint: expect.stringContaining("`recreate`"),
      },
      text: expect.stringContaining('\n  variables.A: (none) -> "1"\n'),
    });
    expect(await bench.perform("container_ensure", { ...web, env: { A: "1" }, recreate: true })).toMatchObject({
      result: { status: "recreated", drift: [{ field: "variables.A" }] },
    });
  });

  test("says before what it would do, and nobody else what the variables are", async () => {
    const changed = { ...web, env: { TOKEN: "hunter2" }, purpose: "shop" };
    expect((await previewOf("container_ensure", web)).text).toMatch(
      /^Make the service cos-web from docker\.io\/library\/app:latest \([0-9a-f]{12}\), and start it\. It leaves the sandbox: /,
    );
    await bench.perform("container_ensure", web);
    expect((await previewOf("container_ensure", web)).text).toMatch(
      /^Change nothing: the service cos-web runs as asked for\./,
    );
    expect((await previewOf("container_ensure", changed)).text).toMatch(
      /^Change nothing: the service cos-web differs from what is asked for in purpose, variables\./,
    );
    const preview = await previewOf("container_ensure", { ...changed, recreate: true });
    expect(preview.text).toMatch(
      /^Replace the service cos-web by a new one from .* for it differs in purpose, variables\. What is lost/,
    );
    expect(preview.changes).toMatchObject({
      outcome: "recreated",
      drift: [{ field: "purpose", wanted: '"shop"' }, { field: "variables.TOKEN" }],
    });
    expect(JSON.stringify(preview)).not.toContain("hunter2");
  });

  test("acts on the caller's own service, and asks for what a service has", async () => {
    await bench.perform("container_ensure", web);
    await bench.perform("container_ensure", { ...web, publish: ["8080:80"] });
    expect(bench.events.at(-1)).toMatchObject({
      stage: "succeeded",
      target: { kind: "container", name: "cos-web" },
      asks: { network: "bridge", egress: true, ports: ["8080:80"], profile: "service" },
    });
  });

  test("fails with the end of the log when the service ends at once", async () => {
    await expect(bench.perform("container_ensure", { ...web, env: { EXIT: "9" } })).rejects.toMatchObject({
      code: "failed_precondition",
      message: "cos-web ended with exit code 9 within its first second.\nIts log ends with:\n| up",
      details: { exitCode: 9, log: "up" },
    });
    expect(await engine.containers.list()).toEqual([]);
  });

  test.each([
    ["that stays in the sandbox an agent may have", { network: "none" }, "done"],
    ["with a network an agent has to confirm", {}, "confirm"],
    ["with a port an agent has to confirm", { publish: ["8080:80"] }, "confirm"],
  ])("a service %s", async (_what, more, status) => {
    const governed = openBench({ engine, policy: defaultPolicy() });
    const outcome = await governed.perform("container_ensure", { ...web, ...more }, { caller: agent });
    expect(outcome).toMatchObject({ status });
  });
});

describe("container_create and container_start", () => {
  test("make a service and start it, each once", async () => {
    expect(await bench.perform("container_create", web)).toMatchObject({
      result: { name: "cos-web", state: "created" },
    });
    await expect(bench.perform("container_create", web)).rejects.toMatchObject({ code: "already_exists" });
    const started = { status: "done", result: { name: "cos-web", state: "running" } };
    expect(await bench.perform("container_start", { container: "web" })).toMatchObject(started);
    expect(await bench.perform("container_start", { container: "web" })).toMatchObject(started);
    expect(await bench.perform("container_ensure", web)).toMatchObject({ result: { status: "unchanged" } });
  });

  test("say before what they would do", async () => {
    expect((await previewOf("container_create", web)).text).toMatch(
      /^Make the service cos-web from .*, without starting it\. /,
    );
    await bench.perform("container_create", web);
    expect((await previewOf("container_start", { container: "web" })).text).toMatch(/^Start container cos-web /);
  });

  test("leave a service that does not survive where it is", async () => {
    await bench.perform("container_create", { ...web, env: { EXIT: "2" } });
    await expect(bench.perform("container_start", { container: "web" })).rejects.toMatchObject({
      code: "failed_precondition",
      details: { exitCode: 2, log: "up" },
    });
    expect(await engine.containers.list()).toMatchObject([{ name: "cos-web", state: "exited" }]);
  });

  test("start what cos did not make, too", async () => {
    addContainer(host, { name: "plain", state: "exited" });
    expect(await bench.perform("container_start", { container: "plain" })).toMatchObject({
      result: { state: "running" },
    });
  });
});

describe("container_recreate", () => {
  test("replaces a service by one like it, and asks for what that has", async () => {
    await bench.perform("container_ensure", { ...web, publish: ["8080:80"] });
    const [before] = await engine.containers.list();
    expect((await previewOf("container_recreate", { container: "web" })).text).toMatch(
      /^Recreate container cos-web .* Its files outside named volumes and host paths, /,
    );
    const outcome = await bench.perform("container_recreate", { container: "web" });
    expect(outcome).toMatchObject({ result: { status: "recreated", name: "cos-web", state: "running", drift: [] } });
    const after = await engine.containers.list();
    expect(after).toHaveLength(1);
    expect(after[0]?.id).not.toBe(before?.id);
    expect(bench.events.at(-1)).toMatchObject({ asks: { ports: ["8080:80"], egress: true } });
  });

  test("refuses what cos did not make, and jobs", async () => {
    addContainer(host, { name: "plain" });
    await expect(bench.perform("container_recreate", { container: "plain" })).rejects.toMatchObject({
      code: "failed_precondition",
      hint: expect.any(String),
    });
    const governed = openBench({ engine, policy: defaultPolicy() });
    expect(await governed.perform("container_recreate", { container: "plain" }, { caller: agent })).toMatchObject({
      status: "denied",
    });
  });
});

test("a name means the service itself while another is to take its place", async () => {
  await bench.perform("container_ensure", web);
  const [current] = await engine.containers.list();
  await bench.perform("container_ensure", { ...web, name: "other" });
  const id = current?.ownership.status === "managed" ? current.ownership.labels.id : "";
  await engine.containers.rename(current?.id ?? "", `cos-web.previous-${id.slice(0, 12)}`);
  await expect(bench.perform("container_stop", { container: "web" })).rejects.toMatchObject({ code: "not_found" });
  const stopped = await bench.perform("container_stop", { container: `cos-web.previous-${id.slice(0, 12)}` });
  expect(stopped).toMatchObject({ result: { id: current?.id, ownership: "managed" } });
});
