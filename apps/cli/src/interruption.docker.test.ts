import { randomBytes } from "node:crypto";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, listByLabel, removeByLabel, waitUntilGone } from "./testing/engine.ts";

const mark = `cli-stop-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterEach(() => removeByLabel(label));
afterAll(() => installation.remove());

/** Starts a job that lasts, and waits until it runs. */
async function startLongJob(flags: readonly string[] = []) {
  const line = "trap '' INT TERM; echo ready; while true; do sleep 1; done";
  const job = installation.start(["run", "--pull", "never", "--label", label, ...flags, "busybox", "-c", line]);
  await job.printed("ready");
  return job;
}

describe("cos run, interrupted", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 143],
  ] as const)("by one %s ends with %i, and the job is gone, even one that ignores signals", async (signal, code) => {
    const job = await startLongJob();
    job.kill(signal);
    expect(await job.ended).toMatchObject({ code, stdout: "ready\n" });
    await waitUntilGone(label);
  });

  test("while the image is looked for or the container made leaves nothing behind", async () => {
    const job = installation.start(["run", "--pull", "never", "--label", label, "busybox", "-c", "sleep 60"]);
    await expect.poll(() => listByLabel(label), { timeout: 10_000, interval: 1 }).not.toEqual([]);
    job.kill("SIGINT");
    expect((await job.ended).code).toBe(130);
    await waitUntilGone(label);
  });

  test("because nobody reads the output any more ends quietly, and the job is gone", async () => {
    const line = `${installation.command.map((part) => `'${part}'`).join(" ")} run --pull never --label ${label} busybox -c 'while echo line; do :; done' | head -n 2`;
    const { stdout, stderr } = await promisify(execFile)("/bin/sh", ["-c", line], {
      env: installation.env,
      timeout: 30_000,
    });
    expect({ stdout, stderr }).toEqual({ stdout: "line\nline\n", stderr: "" });
    await waitUntilGone(label);
  });
});

describe("cos run, killed", () => {
  test("leaves a container that says whose it is, and the next start of cos removes it once its time is over", async () => {
    const other = await askEngine("POST", `/containers/create?name=${mark}-other`, {
      Image: "busybox:latest",
      Labels: { "user.test": mark, "cos.managed": "true" },
    });
    expect(other.status).toBe(201);
    const job = await startLongJob(["--ttl", "1", "--timeout", "600"]);
    job.kill("SIGKILL");
    expect((await job.ended).code).toBe("SIGKILL");
    const findLeft = async () => (await listByLabel(label)).filter(({ State }) => State === "running");
    // The engine lists a container as created for a moment after its first output.
    await expect.poll(findLeft).toHaveLength(1);
    const left = await findLeft();
    expect(left).toMatchObject([
      {
        Labels: {
          "cos.managed": "true",
          "cos.owner": "user",
          "cos.ttl": "1",
          "cos.created": expect.any(String),
          "cos.sig": expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      },
    ]);

    const created = Date.parse(left[0]?.Labels["cos.created"] ?? "");
    await expect.poll(() => Date.now() - created, { timeout: 5_000 }).toBeGreaterThan(1_000);

    const stranger = makeInstallation();
    try {
      expect((await stranger.cos(["reap"])).stdout).toBe("Nothing has expired.\n");
      expect((await listByLabel(label)).map(({ State }) => State).sort()).toEqual(["created", "running"]);
    } finally {
      stranger.remove();
    }

    expect((await installation.cos(["ping"])).code).toBe(0);
    await expect
      .poll(async () => (await listByLabel(label)).map(({ State }) => State), { timeout: 10_000 })
      .toEqual(["created"]);
    expect(installation.auditEvents()).toContainEqual(
      expect.objectContaining({
        operation: "container_reap",
        stage: "succeeded",
        caller: { kind: "reaper", name: "cos" },
      }),
    );
  });

  test("is cleaned up after by cos reap, which says what it removed", async () => {
    const job = await startLongJob(["--ttl", "1", "--name", mark]);
    job.kill("SIGKILL");
    await job.ended;
    const created = Date.parse((await listByLabel(label))[0]?.Labels["cos.created"] ?? "");
    await expect.poll(() => Date.now() - created, { timeout: 5_000 }).toBeGreaterThan(1_000);
    const { code, stdout } = await installation.cos(["reap", "--json"]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { removed: { name: string }[] }).removed.map(({ name }) => name)).toEqual([
      `cos-${mark}`,
    ]);
    expect(await listByLabel(label)).toEqual([]);
  });
});
