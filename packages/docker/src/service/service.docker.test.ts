import { randomBytes } from "node:crypto";
import {
  createSigner,
  defineWorkload,
  type Engine,
  ensureService,
  recreateService,
  type WorkloadInput,
} from "@cos/core";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { callEngine, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const testRun = `service-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
const owner = "tester";
const signer = createSigner(randomBytes(32));

let engine: Engine;
beforeEach(async () => {
  engine = await connectDocker({ signer });
});
afterEach(async () => {
  await engine.close();
  await removeContainersWith(label);
});
afterAll(() => removeContainersWith(label));

const newName = () => `${testRun}-${randomBytes(3).toString("hex")}`;
const service = (name: string, more: Partial<WorkloadInput>, requester = owner) => ({
  owner: requester,
  spec: defineWorkload({
    env: { image: "busybox:latest" },
    lifecycle: "persistent",
    pull: "never",
    labels: { "user.test": testRun },
    name,
    ...more,
  }),
});
const namesOf = async (name: string) =>
  (await engine.containers.list())
    .map((container) => container.name)
    .filter((found) => found.startsWith(`cos-${name}`));

/** The page that nginx serves, once it does. */
async function pageOf(port: number | undefined): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/`)).text();
}

describe("nginx as a service", () => {
  const nginx = (name: string, variables: Record<string, string> = {}) =>
    service(name, { env: { image: "cos-test/nginx:1" }, ports: ["0:80"], variables });

  test("is made, serves, is found again, drifts and is replaced", { timeout: 60_000 }, async () => {
    const name = newName();
    const made = await ensureService(engine, nginx(name));
    expect(made).toMatchObject({ status: "created", container: { name: `cos-${name}`, state: "running" } });
    await expect.poll(() => pageOf(made.container.ports[0]?.hostPort)).toContain("nginx");

    expect(await ensureService(engine, nginx(name))).toMatchObject({
      status: "unchanged",
      container: { id: made.container.id },
    });
    const drifted = await ensureService(engine, nginx(name, { MODE: "new" }));
    expect(drifted).toMatchObject({
      status: "drifted",
      container: { id: made.container.id, state: "running" },
      drift: [{ field: "variables.MODE", wanted: '"new"' }],
    });

    const replaced = await ensureService(engine, { ...nginx(name, { MODE: "new" }), recreate: true });
    expect(replaced.status).toBe("recreated");
    expect(replaced.container).toMatchObject({ name: `cos-${name}`, state: "running" });
    await expect.poll(() => pageOf(replaced.container.ports[0]?.hostPort)).toContain("nginx");
    expect(await namesOf(name)).toEqual([`cos-${name}`]);

    await engine.containers.stop(replaced.container.id, { graceSeconds: 1 });
    expect(await ensureService(engine, nginx(name, { MODE: "new" }))).toMatchObject({
      status: "started",
      container: { id: replaced.container.id, state: "running" },
    });
  });

  test("serves again after a replacement that failed", { timeout: 60_000 }, async () => {
    const name = newName();
    const { container } = await ensureService(engine, nginx(name));
    const broken = { ...nginx(name), recreate: true };
    const failing = ensureService(engine, {
      ...broken,
      spec: defineWorkload({ ...broken.spec, command: "echo cannot start >&2; exit 3" }),
    });
    await expect(failing).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(
        /ended with exit code 3 within its first second\.\nIts log ends with:\n\| cannot start/,
      ) as string,
      details: { exitCode: 3, log: "cannot start" },
      hint: expect.stringContaining("The old container is back and runs again.") as string,
    });
    expect(await namesOf(name)).toEqual([`cos-${name}`]);
    const back = await engine.containers.get(container.id);
    expect(back).toMatchObject({ name: `cos-${name}`, state: "running" });
    await expect.poll(() => pageOf(back.ports[0]?.hostPort)).toContain("nginx");
  });

  test("keeps its port when the new one needs the same", { timeout: 60_000 }, async () => {
    const name = newName();
    const first = await ensureService(engine, nginx(name));
    const port = first.container.ports[0]?.hostPort;
    const fixed = {
      ...nginx(name),
      spec: defineWorkload({ ...nginx(name).spec, ports: [`${port}:80`] }),
      recreate: true,
    };
    expect(await ensureService(engine, fixed)).toMatchObject({ status: "recreated" });
    const { container } = await recreateService(
      engine,
      await engine.containers.get((await ensureService(engine, fixed)).container.id),
    );
    expect(container.ports[0]?.hostPort).toBe(port);
    await expect.poll(() => pageOf(port)).toContain("nginx");
    const other = service(newName(), { env: { image: "cos-test/nginx:1" }, ports: [`${port}:80`] });
    await expect(ensureService(engine, other)).rejects.toMatchObject({
      code: "conflict",
      hint: expect.any(String) as string,
    });
    expect(await namesOf(other.spec.name ?? "")).toEqual([]);
  });
});

describe("PostgreSQL as a service", () => {
  test("is healthy when it answers, and keeps its volume when it is replaced", { timeout: 120_000 }, async () => {
    const name = newName();
    const volume = `${name}-data`;
    const postgres = (purpose: string) =>
      service(name, {
        env: { image: "cos-test/postgres:15" },
        network: "none",
        purpose,
        variables: { POSTGRES_PASSWORD: "example" },
        mounts: [{ type: "volume", name: volume, target: "/var/lib/postgresql/data" }],
        healthCheck: { command: "pg_isready -h 127.0.0.1 -U postgres", intervalSeconds: 5, retries: 10 },
      });
    try {
      const made = await ensureService(engine, postgres("one"));
      expect(made).toMatchObject({ status: "created", container: { details: { health: "healthy" } } });
      const replaced = await ensureService(engine, { ...postgres("two"), recreate: true });
      expect(replaced).toMatchObject({ status: "recreated", container: { details: { health: "healthy" } } });
    } finally {
      await removeContainersWith(label);
      await engine.volumes.remove(`cos-${volume}`);
    }
  });
});

describe("a service that fails", () => {
  test("by ending at once is removed again, and its log is in the error", async () => {
    const name = newName();
    const failing = ensureService(engine, service(name, { command: "seq 1 30; exit 7" }));
    const error = await failing.catch((failure: unknown) => failure as { details: { log: string } });
    expect(error).toMatchObject({ code: "failed_precondition", details: { exitCode: 7 } });
    expect((error as { details: { log: string } }).details.log.split("\n")).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index + 11)),
    );
    expect(await namesOf(name)).toEqual([]);
  });

  test("by a command that does not exist is removed again", async () => {
    const name = newName();
    await expect(ensureService(engine, service(name, { command: ["no-such-program"] }))).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("no-such-program") as string,
    });
    expect(await namesOf(name)).toEqual([]);
  });

  test("by its health check is removed again", { timeout: 60_000 }, async () => {
    const name = newName();
    const healthCheck = { command: "exit 1", intervalSeconds: 5, retries: 1 };
    const failing = ensureService(engine, service(name, { command: "echo up; exec sleep 600", healthCheck }));
    await expect(failing).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("its health check fails") as string,
      details: { log: "up" },
    });
    expect(await namesOf(name)).toEqual([]);
  });

  test(
    "at first, and is started again by the engine, has survived when it then runs",
    { timeout: 60_000 },
    async () => {
      const name = newName();
      // A file of the container's own outlives its restarts.
      const command = "if [ -e /second ]; then exec sleep 600; fi; touch /second; exit 1";
      const made = await ensureService(engine, service(name, { command, restart: { maxAttempts: 3 } }));
      expect(made).toMatchObject({ status: "created", container: { state: "running", details: { restarts: 1 } } });
    },
  );
});

test(
  "a service whose tag has moved to another image drifts, and is recreated from it",
  { timeout: 60_000 },
  async () => {
    const name = newName();
    const tag = `cos-test/moved:${testRun}`;
    const point = (image: string) => callEngine("POST", `/images/${image}/tag?repo=cos-test/moved&tag=${testRun}`);
    const moving = service(name, { env: { image: tag }, command: "exec sleep 600" });
    try {
      await point("busybox:latest");
      const { container } = await ensureService(engine, moving);
      await point("cos-test/nginx:1");
      const { status, drift } = await ensureService(engine, moving);
      expect(status).toBe("drifted");
      expect(drift).toEqual([
        {
          field: "image",
          current: container.imageId,
          wanted: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
        },
      ]);
      const recreated = await recreateService(engine, await engine.containers.get(container.id));
      expect(recreated.container.imageId).toBe(drift[0]?.wanted);
      expect(await ensureService(engine, moving)).toMatchObject({ status: "unchanged" });
    } finally {
      await removeContainersWith(label);
      await callEngine("DELETE", `/images/${tag}`);
    }
  },
);

test("a service is reached by its name on a network, also after it was replaced", { timeout: 90_000 }, async () => {
  const [name, network] = [newName(), `${testRun}-net`];
  const { id } = await engine.networks.create({ name: network, owner });
  try {
    const serving = (page: string) =>
      service(name, {
        network,
        healthCheck: { command: "wget -q -O /dev/null http://127.0.0.1:8000/", intervalSeconds: 5 },
        command: `mkdir /srv; echo ${page} > /srv/index.html; exec httpd -f -p 8000 -h /srv`,
      });
    for (const page of ["first", "second"]) {
      await ensureService(engine, { ...serving(page), recreate: true });
      const asking = service("unused", { network, command: `wget -q -O - http://cos-${name}:8000/` }).spec;
      const { name: _name, ...job } = asking;
      const spec = defineWorkload({ ...job, lifecycle: "ephemeral", profile: "sandbox" });
      expect(await engine.jobs.run({ owner, spec })).toMatchObject({ exitCode: 0, stdout: `${page}\n` });
    }
  } finally {
    await engine.close();
    await removeContainersWith(label);
    engine = await connectDocker({ signer });
    await engine.networks.remove(id);
  }
});

test("several at once make one container", { timeout: 60_000 }, async () => {
  const name = newName();
  const others = await Promise.all([connectDocker({ signer }), connectDocker({ signer })]);
  const command = "exec sleep 600";
  const results = await Promise.all([engine, ...others].map((one) => ensureService(one, service(name, { command }))));
  await Promise.all(others.map((other) => other.close()));
  expect(new Set(results.map(({ container }) => container.id)).size).toBe(1);
  expect(results.filter(({ status }) => status === "created")).toHaveLength(1);
  expect(await namesOf(name)).toEqual([`cos-${name}`]);
});

test("a name that is another owner's, or nobody's, is taken", async () => {
  const [theirs, unmanaged] = [newName(), newName()];
  const command = "exec sleep 600";
  const { container } = await ensureService(engine, service(theirs, { command }, "somebody-else"));
  const raw = await startRawContainer(label, { name: `cos-${unmanaged}`, command });
  for (const name of [theirs, unmanaged]) {
    await expect(
      ensureService(engine, { ...service(name, { command: "true" }), recreate: true }),
    ).rejects.toMatchObject({
      code: "already_exists",
      hint: expect.any(String) as string,
    });
  }
  for (const id of [container.id, raw]) expect(await engine.containers.get(id)).toMatchObject({ state: "running" });
});
