import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CosError } from "../errors.ts";
import { createSigner, newObjectId, toLabels } from "../labels.ts";
import { defineWorkload } from "../spec/workload-spec.ts";
import { describeEngine } from "./describe-engine.ts";
import { fakeBusybox } from "./fake-busybox.ts";
import { addContainer } from "./memory-containers.ts";
import { createMemoryEngine, createMemoryHost } from "./memory-engine.ts";
import type { MemoryProgram } from "./memory-job.ts";

const host = createMemoryHost();
const images = { "busybox:latest": fakeBusybox };

describeEngine(
  "memory",
  ({ signer }) => createMemoryEngine({ signer, images, host }),
  ({ network, ...container }) =>
    addContainer(host, { image: "busybox:latest", ...container, ...(network && { networks: [network] }) }),
);

describe("the in-memory engine", () => {
  const signer = createSigner(randomBytes(32));
  const request = { owner: "tester", spec: defineWorkload({ env: { image: "app" }, command: ["go"] }) };
  const engineWith = (app: MemoryProgram) => createMemoryEngine({ signer, images: { app }, name: "test" });

  test("runs a function as an image", async () => {
    await using engine = engineWith(async ({ command, stdout }) => {
      await stdout(`called with ${command.join(" ")}`);
      return 3;
    });
    expect(await engine.jobs.run(request)).toMatchObject({ exitCode: 3, stdout: "called with go" });
  });

  test("keeps output that the program wrote without waiting", async () => {
    await using engine = engineWith(async ({ stdout }) => {
      void stdout("one ");
      void stdout("two");
      return 0;
    });
    expect(await engine.jobs.run(request)).toMatchObject({ stdout: "one two" });
  });

  test("says internal when a program throws, and keeps the cause", async () => {
    const cause = new Error("a bug in the test's program");
    await using engine = engineWith(() => Promise.reject(cause));
    await expect(engine.jobs.run(request)).rejects.toMatchObject({ code: "internal", cause });
    await expect(engine.jobs.run(request)).rejects.toSatisfy((error) => CosError.is(error));
  });

  test("removes the container of a program that throws", async () => {
    const shared = createMemoryHost();
    const options = { signer, images: { app: () => Promise.reject(new Error("a bug")) }, host: shared };
    const engine = createMemoryEngine(options);
    await engine.jobs.run(request).catch(() => undefined);
    await engine.close();
    expect(await createMemoryEngine(options).containers.list()).toEqual([]);
  });

  test("does not wait for a program that ignores being killed, and refuses what it still writes", async () => {
    let late: Promise<unknown> = Promise.resolve();
    const stop = new AbortController();
    await using engine = engineWith(
      ({ stdout, signal }) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            late = stdout("too late").catch(() => "refused");
          });
          stop.abort();
        }),
    );
    expect(await engine.jobs.run(request, { signal: stop.signal })).toMatchObject({
      cancelled: true,
      exitCode: 137,
      stdout: "",
    });
    expect(await late).toBe("refused");
  });

  test("ends a cancelled job even when its sink never settles", async () => {
    await using engine = engineWith(async ({ stdout }) => {
      await stdout("held");
      return 0;
    });
    const stop = new AbortController();
    const output = () => {
      stop.abort();
      return new Promise<void>(() => {});
    };
    expect(await engine.jobs.run(request, { output, signal: stop.signal })).toMatchObject({
      cancelled: true,
      stdout: "held",
    });
  });

  test("does not run a job a second time", async () => {
    const shared = createMemoryHost();
    const app: MemoryProgram = async ({ stdout }) => (await stdout("runs"), await new Promise<never>(() => {}));
    await using engine = createMemoryEngine({ signer, images: { app }, host: shared });
    let restarted: unknown;
    const result = await engine.jobs.run(request, {
      output: async () => {
        const [container] = await engine.containers.list();
        restarted = await engine.containers.restart(container?.id ?? "").catch((error: unknown) => error);
        await engine.containers.stop(container?.id ?? "");
      },
    });
    expect(restarted).toMatchObject({ code: "failed_precondition" });
    expect(result).toMatchObject({ exitCode: 137, cancelled: false, timedOut: false });
  });

  test("pulls nothing: what is not registered is not found, whatever the pull policy", async () => {
    await using engine = engineWith(async () => 0);
    for (const pull of ["missing", "always", "never"] as const) {
      const spec = defineWorkload({ env: { image: "other" }, pull });
      await expect(engine.jobs.run({ ...request, spec })).rejects.toMatchObject({
        code: "not_found",
        hint: "It has: app",
      });
    }
  });

  test("is a place of its own unless it shares a host", async () => {
    await using engine = engineWith(async () => 0);
    await using other = engineWith(async () => 0);
    const mounts = [{ type: "volume", name: "data", target: "/data" }] as const;
    await engine.jobs.run({ ...request, spec: defineWorkload({ env: { image: "app" }, mounts: [...mounts] }) });
    expect(await engine.volumes.list()).toHaveLength(1);
    expect(await other.volumes.list()).toEqual([]);
  });
});

describe("a container that a test puts on the host", () => {
  const signer = createSigner(randomBytes(32));

  test("runs and belongs to nobody, unless said otherwise", async () => {
    const host = createMemoryHost();
    await using engine = createMemoryEngine({ signer, images, host });
    const managed = {
      id: newObjectId(),
      owner: "tester",
      lifecycle: "persistent",
      name: "web",
      purpose: "",
      project: "",
      image: "app",
      createdAt: new Date(),
      ttlSeconds: undefined,
      spec: "",
      specDigest: "",
    } as const;
    const web = addContainer(host, { name: "cos-web", labels: toLabels("container", managed, signer) });
    const ended = addContainer(host, { name: "ended", state: "exited", labels: { "user.team": "red" } });
    expect(await engine.containers.list({ managed: true })).toMatchObject([{ id: web, state: "running" }]);
    expect(await engine.containers.get(ended)).toMatchObject({
      name: "ended",
      state: "exited",
      finishedAt: expect.any(Date),
      labels: { "user.team": "red" },
      ownership: { status: "unmanaged" },
    });
  });

  test("may never have been started", async () => {
    const host = createMemoryHost();
    await using engine = createMemoryEngine({ signer, images, host });
    const id = addContainer(host, { name: "new", state: "created" });
    expect((await engine.containers.get(id)).details?.startedAt).toBeUndefined();
    await engine.containers.stop(id);
    expect(await engine.containers.get(id)).toMatchObject({ state: "created" });
    await engine.containers.restart(id);
    expect(await engine.containers.get(id)).toMatchObject({
      state: "running",
      details: { startedAt: expect.any(Date) },
    });
  });
});

describe("fakeBusybox", () => {
  test("refuses a command line that it does not know", async () => {
    await using engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images });
    const spec = defineWorkload({ env: { image: "busybox" }, command: "rm -rf /" });
    await expect(engine.jobs.run({ owner: "tester", spec })).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining("rm -rf /") }),
    });
  });
});
