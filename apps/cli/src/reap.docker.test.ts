import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, listByLabel, removeByLabel } from "./testing/engine.ts";

const mark = `cli-reap-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  await removeByLabel(label);
  installation.remove();
});

async function leave(name: string, ...more: string[]): Promise<string> {
  const args = ["run", "--detach", "--quiet", "--pull", "never", "--label", label, "--name", `${mark}-${name}`];
  const { stdout, stderr } = await installation.cos([...args, ...more]);
  if (stdout === "") throw new Error(stderr);
  return stdout.trim();
}

test("cos reap removes what has just ended only when it is told to", async () => {
  const ended = await leave("ended", "busybox", "--cmd", "true");
  const running = await leave("running", "busybox", "--cmd", "sleep 600");
  await vi.waitFor(async () => {
    expect((await listByLabel(label)).map(({ State }) => State).toSorted()).toEqual(["exited", "running"]);
  });
  expect(await installation.cos(["reap"])).toMatchObject({ code: 0, stdout: "Nothing has expired.\n" });
  expect(await installation.cos(["reap", "--no-only-expired"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^removed ${ended.slice(0, 12)}  cos-${mark}-ended  .*\n$`)),
  });
  expect((await listByLabel(label)).map(({ Id }) => Id)).toEqual([running]);
  await askEngine("DELETE", `/containers/${running}?force=1`);
});

test("cos reap --watch says what it removes, minute by minute, until it is interrupted", async () => {
  const watching = installation.start(["reap", "--watch", "1"]);
  const id = await leave("short", "--ttl", "3", "busybox", "--cmd", "sleep 600");
  await watching.printed(`removed ${id.slice(0, 12)}  cos-${mark}-short`);
  expect(await listByLabel(label)).toEqual([]);
  watching.kill("SIGINT");
  const ended = await watching.ended;
  expect(ended).toMatchObject({ code: 130, stderr: "" });
  expect(ended.stdout.split("\n")).toHaveLength(2);
});
