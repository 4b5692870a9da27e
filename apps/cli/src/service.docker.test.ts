import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { removeByLabel } from "./testing/engine.ts";

const mark = `cli-service-${randomBytes(4).toString("hex")}`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  await removeByLabel(`user.test=${mark}`);
  installation.remove();
});

const flags = ["--pull", "never", "--label", `user.test=${mark}`];
const ensure = (...more: string[]) => installation.cos(["ensure", ...flags, mark, "busybox", ...more]);
const sleeping = ["-c", "echo up; exec sleep 600"];

describe("cos ensure", () => {
  test("makes a service, finds it, shows its drift, and replaces it", { timeout: 60_000 }, async () => {
    const made = await ensure(...sleeping);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toMatch(new RegExp(`^created [0-9a-f]{12}  cos-${mark}  busybox  running  user\\n$`));
    expect((await ensure(...sleeping)).stdout).toMatch(/^unchanged /);

    const drifted = await ensure(...sleeping, "--env", "A=1");
    expect(drifted.code).toBe(3);
    expect(drifted.stdout).toMatch(/^drifted .*\n {2}variables\.A: \(none\) -> "1"\n$/);
    expect(drifted.stderr).toBe("hint: Set --recreate to replace it by what was asked for.\n");

    const replaced = await ensure(...sleeping, "--env", "A=1", "--recreate");
    expect(replaced).toMatchObject({ code: 0, stdout: expect.stringMatching(/^recreated /) as string });
    const quiet = await ensure(...sleeping, "--env", "A=1", "--quiet");
    expect(quiet.stdout).toMatch(/^[0-9a-f]{12}\n$/);
    const json = await ensure(...sleeping, "--env", "A=1", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ status: "unchanged", name: `cos-${mark}`, drift: [] });
  });

  test("says why a service does not survive, and that the old one runs again", { timeout: 60_000 }, async () => {
    await ensure(...sleeping, "--recreate");
    const failed = await ensure("--recreate", "--", "sh", "-c", "echo no database; exit 5");
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toBe(
      `cos: cos-${mark} ended with exit code 5 within its first second.\nIts log ends with:\n| no database\n` +
        "hint: The old container is back and runs again. Correct its command, image or configuration.\n",
    );
    expect((await ensure(...sleeping)).stdout).toMatch(/^unchanged /);
  });

  test("asks in flags for what a health check lacks", async () => {
    const { code, stderr } = await ensure("--health-retries", "3");
    expect([code, stderr]).toEqual([1, expect.stringContaining("need its --health-cmd")]);
  });
});

test("cos create, start, stop and recreate are about the same container", { timeout: 60_000 }, async () => {
  const name = `${mark}-2`;
  expect(await installation.cos(["create", ...flags, name, "busybox", ...sleeping])).toMatchObject({ code: 0 });
  expect(await installation.cos(["create", ...flags, name, "busybox", ...sleeping])).toMatchObject({ code: 1 });
  expect((await installation.cos(["start", name])).stdout).toMatch(/^started .* running /);
  expect((await installation.cos(["stop", "--grace", "0", name])).stdout).toMatch(/^stopped .* exited /);
  expect((await installation.cos(["start", name])).stdout).toMatch(/^started .* running /);
  expect((await installation.cos(["recreate", name])).stdout).toMatch(/^recreated .* running /);
});
