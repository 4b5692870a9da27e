import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, removeByLabel } from "./testing/engine.ts";

const mark = `detach-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;

let installation: Installation;
const cos = (...args: string[]) => installation.cos(args);
const stateOf = async (id: string) => {
  const { body } = await askEngine("GET", `/containers/${id}/json`);
  return (body as { readonly State: object }).State;
};
const runDetached = (...args: string[]) =>
  cos("run", "--detach", "--pull", "never", "--label", label, "busybox", ...args);

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  installation.remove();
  await removeByLabel(label);
});

test("a detached job outlives the command, and its log and exit code are there afterwards", async () => {
  const started = await runDetached("--name", mark, "--cmd", "echo begun; sleep 1; echo done; exit 7");
  expect(started).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^cos-${mark}  [0-9a-f]{64}\n$`)),
  });
  const id = started.stdout.trim().split("  ")[1] ?? "";
  expect(await stateOf(id)).toMatchObject({ Running: true });
  await expect
    .poll(async () => (await cos("logs", mark)).stdout, { timeout: 20_000, interval: 500 })
    .toBe("begun\ndone\n");
  await expect.poll(() => stateOf(id), { timeout: 10_000 }).toMatchObject({ ExitCode: 7 });
  expect((await cos("reap")).stdout, "it is kept for an hour").toBe("Nothing has expired.\n");
  expect((await cos("rm", mark)).code).toBe(0);
});

test("--quiet prints the id alone, and --json everything", async () => {
  const quiet = await runDetached("--quiet", "--cmd", "true");
  expect(quiet.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  const json = JSON.parse((await runDetached("--json", "--cmd", "true")).stdout) as Record<string, string>;
  expect(Object.keys(json).toSorted()).toEqual(["containerId", "imageId", "name", "startedAt"]);
  expect(Date.parse(json["startedAt"] ?? "")).not.toBeNaN();
});

test("a later cos kills it past its timeout, and its log stays", async () => {
  const { stdout } = await runDetached("--quiet", "--timeout", "1", "--cmd", "echo begun; sleep 60");
  const id = stdout.trim();
  expect(await stateOf(id)).toMatchObject({ Running: true });
  const look = async () => {
    await cos("ping");
    return await stateOf(id);
  };
  await expect.poll(look, { timeout: 30_000, interval: 500 }).toMatchObject({ Running: false, ExitCode: 137 });
  expect(await cos("logs", id)).toMatchObject({ code: 0, stdout: "begun\n" });
});

test("standard input and --detach exclude each other", async () => {
  expect(await runDetached("--stdin", "text", "--cmd", "cat")).toMatchObject({
    code: 125,
    stderr: expect.stringMatching(/--detach.*--stdin/),
  });
});
