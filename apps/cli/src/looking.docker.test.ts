import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, removeByLabel, startUnmanaged } from "./testing/engine.ts";

const mark = `cli-looking-${randomBytes(4).toString("hex")}`;
let installation: Installation;
let id: string;

beforeAll(async () => {
  installation = makeInstallation();
  id = await startUnmanaged(mark, { "user.test": mark });
});
afterAll(async () => {
  await removeByLabel(`user.test=${mark}`);
  installation.remove();
});

describe("cos inspect", () => {
  test("shows a container in sections", async () => {
    const { code, stdout, stderr } = await installation.cos(["inspect", mark]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(new RegExp(`^${mark}  ${id.slice(0, 12)}\n  image +busybox:latest `));
    expect(stdout).toMatch(/\nNetworks\n {2}none +no address\n/);
    expect(stdout).toMatch(/\nHardening\n/);
  });

  test("is data with --json", async () => {
    const { stdout } = await installation.cos(["inspect", id.slice(0, 12), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ id, name: mark, state: "running", logDriver: expect.any(String) });
  });

  test("says what there is not", async () => {
    const ended = await installation.cos(["inspect", `${mark}-none`]);
    expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("There is no container") });
  });
});

describe("cos stats", () => {
  test("shows what one container uses, and what all do", async () => {
    for (const args of [["stats", mark], ["stats"]]) {
      const { code, stdout } = await installation.cos(args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^ID +NAME +CPU +MEMORY +LIMIT +PIDS +RECEIVED +SENT +READ +WRITTEN\n/);
      const line = stdout.split("\n").find((row) => row.includes(mark)) ?? "";
      expect(line).toMatch(new RegExp(`^${id.slice(0, 12)} +${mark} +\\d+\\.\\d % +.*iB \\(\\d+\\.\\d %\\)`));
    }
    const { stdout } = await installation.cos(["stats", mark, "--json"]);
    const { containers } = JSON.parse(stdout) as { containers: Record<string, unknown>[] };
    expect(containers).toEqual([expect.objectContaining({ id, name: mark })]);
    expect(containers[0]?.["memoryBytes"]).toBeGreaterThan(0);
  });

  test("refuses a container that does not run", async () => {
    const created = await askEngine("POST", `/containers/create?name=${mark}-idle`, {
      Image: "busybox:latest",
      Labels: { "user.test": mark },
    });
    expect(created.status).toBe(201);
    expect(await installation.cos(["stats", `${mark}-idle`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not run"),
    });
  });
});

describe("cos info", () => {
  test("describes the engine, with what is on its disk", async () => {
    const { code, stdout } = await installation.cos(["info"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^local: docker engine \d+\.\d+\S*, API 1\.\d+\n/);
    expect(stdout).toMatch(/\nimages: [1-9]\d*, \d[\d.]* \w+, of which \d+ managed/);
    const { stdout: without } = await installation.cos(["info", "--no-disk"]);
    expect(without).not.toContain("images:");
  });
});
