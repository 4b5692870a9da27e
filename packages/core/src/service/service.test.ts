import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Engine } from "../engine.ts";
import { createSigner } from "../labels.ts";
import { defineWorkload, type WorkloadInput } from "../spec/workload-spec.ts";
import { addContainer } from "../testing/memory-containers.ts";
import { createMemoryEngine, createMemoryHost } from "../testing/memory-engine.ts";
import type { MemoryProgram } from "../testing/memory-job.ts";
import { ensureService } from "./ensure-service.ts";
import { planService } from "./plan-service.ts";
import { recreateService } from "./recreate-service.ts";
import { startService } from "./start-service.ts";

const owner = "tester";
const signer = createSigner(randomBytes(32));

/** Serves until it is killed, unless a variable says how it ends. */
const app: MemoryProgram = async ({ variables, command, stdout, signal }) => {
  if (command[0] === "check") return variables["SICK"] === undefined ? 0 : 1;
  await stdout(`serving ${variables["VERSION"] ?? "1"}\n`);
  if (variables["EXIT"] !== undefined) return Number(variables["EXIT"]);
  return await new Promise((resolve) => signal.addEventListener("abort", () => resolve(137), { once: true }));
};

let host = createMemoryHost();
let engine: Engine;
beforeEach(() => {
  host = createMemoryHost();
  engine = connect();
});
afterEach(async () => {
  for (const { id } of await engine.containers.list()) await engine.containers.remove(id);
  await engine.close();
});

const connect = () => createMemoryEngine({ signer, images: { app }, host });
const request = (variables: Record<string, string> = {}, more: Partial<WorkloadInput> = {}) => ({
  owner,
  spec: defineWorkload({ env: { image: "app" }, lifecycle: "persistent", name: "web", variables, ...more }),
});
const containers = async () => (await engine.containers.list()).map(({ name, state }) => `${name} ${state}`).toSorted();

describe("ensuring a service", () => {
  test("makes it, finds it as it is, starts it when it has ended, and tells its drift", async () => {
    const made = await ensureService(engine, request());
    expect(made).toMatchObject({ status: "created", container: { name: "cos-web", state: "running" }, drift: [] });
    const { id } = made.container;
    expect(await ensureService(engine, request())).toMatchObject({ status: "unchanged", container: { id } });
    await engine.containers.stop(id);
    expect(await ensureService(engine, request())).toMatchObject({
      status: "started",
      container: { id, state: "running" },
    });
    const drifted = await ensureService(engine, request({ VERSION: "2" }));
    expect(drifted).toMatchObject({ status: "drifted", container: { id, state: "running" } });
    expect(drifted.drift).toEqual([{ field: "variables.VERSION", current: undefined, wanted: '"2"' }]);
  });

  test("replaces one that is not as asked for, when that is asked for as well", async () => {
    const { container } = await ensureService(engine, request());
    const replaced = await ensureService(engine, { ...request({ VERSION: "2" }), recreate: true });
    expect(replaced).toMatchObject({ status: "recreated", container: { name: "cos-web", state: "running" } });
    expect(replaced.drift).toHaveLength(1);
    expect(replaced.container.id).not.toBe(container.id);
    expect(await containers()).toEqual(["cos-web running"]);
    const again = await ensureService(engine, { ...request({ VERSION: "2" }), recreate: true });
    expect(again).toMatchObject({ status: "unchanged", container: { id: replaced.container.id } });
  });

  test("that ends at once fails with its exit code and log, and leaves nothing", async () => {
    await expect(ensureService(engine, request({ EXIT: "3" }))).rejects.toMatchObject({
      code: "failed_precondition",
      message: "cos-web ended with exit code 3 within its first second.\nIts log ends with:\n| serving 1",
      details: { exitCode: 3, log: "serving 1" },
      hint: expect.any(String),
    });
    expect(await containers()).toEqual([]);
  });

  test("that was there and ends at once fails, and stays", async () => {
    await engine.containers.create(request({ EXIT: "3" }));
    await expect(ensureService(engine, request({ EXIT: "3" }))).rejects.toMatchObject({ details: { exitCode: 3 } });
    expect(await containers()).toEqual(["cos-web exited"]);
  });

  const healthCheck = { command: ["check"], intervalSeconds: 5 };
  test("waits until it is healthy when it has a health check", async () => {
    const { container } = await ensureService(engine, request({}, { healthCheck }));
    expect(container.details).toMatchObject({ health: "healthy" });
    await expect(ensureService(engine, request({ SICK: "yes" }, { name: "sick", healthCheck }))).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("its health check fails"),
    });
    expect(await containers()).toEqual(["cos-web running"]);
  });

  test("puts the old one back when the new one does not survive", async () => {
    const { container } = await ensureService(engine, request());
    const failing = ensureService(engine, { ...request({ EXIT: "1" }), recreate: true });
    await expect(failing).rejects.toMatchObject({
      code: "failed_precondition",
      hint: expect.stringContaining("The old container is back and runs again."),
    });
    expect(await containers()).toEqual(["cos-web running"]);
    expect(await engine.containers.get(container.id)).toMatchObject({ name: "cos-web", state: "running" });
  });

  test("leaves an old one stopped that was stopped, when the new one does not survive", async () => {
    const { container } = await ensureService(engine, request());
    await engine.containers.stop(container.id);
    await expect(ensureService(engine, { ...request({ EXIT: "1" }), recreate: true })).rejects.toMatchObject({
      hint: expect.stringContaining("The old container is back."),
    });
    expect(await containers()).toEqual(["cos-web exited"]);
  });

  test("is put back when it is cancelled while the new one is waited for", async () => {
    const { container } = await ensureService(engine, request());
    const stop = new AbortController();
    const replacing = ensureService(
      engine,
      { ...request({ VERSION: "2" }), recreate: true },
      { signal: stop.signal, progress: ({ phase }) => phase === "start" && setTimeout(() => stop.abort(), 50) },
    );
    await expect(replacing).rejects.toMatchObject({ code: "cancelled" });
    expect(await containers()).toEqual(["cos-web running"]);
    expect(await engine.containers.get(container.id)).toMatchObject({ state: "running" });
  });

  test.each(["secret\u001b[2J", "a\u202eb"])("shows nothing of a log that moves a cursor: %j", async (text) => {
    const loud = createMemoryEngine({ signer, host, images: { app: async ({ stdout }) => (await stdout(text), 1) } });
    const error = await ensureService(loud, request()).catch((failure: unknown) => failure);
    expect(JSON.stringify(error)).not.toContain(text);
    await loud.close();
  });

  test("twice at once makes one", async () => {
    const other = connect();
    const results = await Promise.all([ensureService(engine, request()), ensureService(other, request())]);
    expect(results.map(({ status }) => status)).toContain("created");
    expect(new Set(results.map(({ container }) => container.id)).size).toBe(1);
    expect(await containers()).toEqual(["cos-web running"]);
    await other.close();
  });
});

describe("a name that belongs to somebody else", () => {
  test.each([
    ["another owner's service", () => engine.containers.create({ ...request(), owner: "other" })],
    ["a job", () => engine.containers.create({ owner, spec: defineWorkload({ env: { image: "app" }, name: "web" }) })],
    ["what cos did not make", async () => addContainer(host, { name: "cos-web" })],
    [
      "another installation's",
      () =>
        createMemoryEngine({ signer: createSigner(randomBytes(32)), images: { app }, host }).containers.create(
          request(),
        ),
    ],
  ])("is taken: %s", async (_whose, make) => {
    await make();
    const before = await containers();
    for (const deed of [ensureService, planService]) {
      await expect(deed(engine, { ...request(), recreate: true })).rejects.toMatchObject({
        code: "already_exists",
        hint: expect.any(String),
      });
    }
    expect(await containers()).toEqual(before);
  });

  test("is not touched under a temporary name either", async () => {
    await engine.containers.create({ ...request(), owner: "other", temporary: "next" });
    addContainer(host, { name: "cos-web.previous-0123456789ab" });
    const before = await containers();
    expect(await ensureService(engine, request())).toMatchObject({ status: "created" });
    expect(await containers()).toEqual([...before, "cos-web running"].toSorted());
  });
});

describe("the log of a service that fails", () => {
  const loud = () =>
    createMemoryEngine({
      signer,
      host,
      images: { app: async ({ variables, stdout }) => (await stdout(`the password is ${variables["PASSWORD"]}\n`), 1) },
    });
  const spec = request({ PASSWORD: "secret://db" });

  test("is shown without its secrets", async () => {
    const secrets = () => "correct horse";
    await expect(ensureService(loud(), { ...spec, secrets })).rejects.toMatchObject({
      message: expect.stringContaining("| the password is [secret db]"),
      details: { exitCode: 1, log: "the password is [secret db]" },
    });
  });

  test("is not shown when its secrets cannot be told apart any more", async () => {
    const container = await loud().containers.create({ ...spec, secrets: () => "correct horse" });
    const starting = startService(loud(), container);
    await expect(starting).rejects.toMatchObject({
      message: "cos-web ended with exit code 1 within its first second.",
      details: { exitCode: 1 },
    });
    expect(JSON.stringify(await starting.catch((error: unknown) => error))).not.toContain("password");
  });
});

describe("starting a container", () => {
  test("leaves one alone that runs, and refuses a job", async () => {
    const { container } = await ensureService(engine, request());
    expect(await startService(engine, container)).toBe(container);
    const job = await engine.containers.create({ owner, spec: defineWorkload({ env: { image: "app" } }) });
    await expect(startService(engine, job)).rejects.toMatchObject({ code: "failed_precondition" });
  });
});

describe("planning a service", () => {
  test("says what ensuring it would do, and does nothing", async () => {
    const plan = () => planService(engine, request({ VERSION: "2" }));
    expect(await plan()).toMatchObject({ status: "created", container: undefined, repairs: false });
    const { container } = await ensureService(engine, request());
    expect(await plan()).toMatchObject({ status: "drifted", container: { id: container.id }, drift: [{}] });
    expect(await planService(engine, { ...request({ VERSION: "2" }), recreate: true })).toMatchObject({
      status: "recreated",
    });
    expect(await planService(engine, request())).toMatchObject({ status: "unchanged", drift: [] });
    await engine.containers.stop(container.id);
    expect(await planService(engine, request())).toMatchObject({ status: "started" });
    expect(await containers()).toEqual(["cos-web exited"]);
  });

  test("refuses a job", async () => {
    const job = { owner, spec: defineWorkload({ env: { image: "app" } }) };
    await expect(planService(engine, job)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(ensureService(engine, job)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("recreating a service", () => {
  test("makes it anew by its own spec", async () => {
    const { container } = await ensureService(engine, request({ VERSION: "3" }));
    const { status, container: anew } = await recreateService(engine, container);
    expect(status).toBe("recreated");
    expect(anew.id).not.toBe(container.id);
    expect(anew).toMatchObject({ name: "cos-web", state: "running" });
    expect(await ensureService(engine, request({ VERSION: "3" }))).toMatchObject({ status: "unchanged" });
    expect(await containers()).toEqual(["cos-web running"]);
  });

  test("refuses what it does not know how to make", async () => {
    const job = await engine.containers.create({ owner, spec: defineWorkload({ env: { image: "app" } }) });
    const raw = await engine.containers.get(addContainer(host, { name: "raw" }));
    for (const container of [job, raw]) {
      await expect(recreateService(engine, container)).rejects.toMatchObject({
        code: "failed_precondition",
        hint: expect.any(String),
      });
    }
  });

  test("refuses one that was replaced meanwhile", async () => {
    const { container } = await ensureService(engine, request());
    await recreateService(engine, container);
    await expect(recreateService(engine, container)).rejects.toMatchObject({ code: "conflict" });
    expect(await containers()).toEqual(["cos-web running"]);
  });
});
