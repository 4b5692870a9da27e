import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectStdio } from "@cos/mcp-server/testing";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, removeByLabel, removeVolume } from "./testing/engine.ts";

const mark = `cli-images-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const tag = `cos-test/${mark}:1`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
  mkdirSync(join(installation.workDirectory, "app"));
  writeFileSync(join(installation.workDirectory, "app", "Dockerfile"), "FROM busybox\nCOPY note /note\n");
  writeFileSync(join(installation.workDirectory, "app", "note"), `${mark}\n`);
});
afterAll(async () => {
  await removeByLabel(label);
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  for (let round = 0; round < 3; round++) {
    const { body } = await askEngine("GET", `/images/json?filters=${filters}`);
    for (const { Id } of body as { Id: string }[]) await askEngine("DELETE", `/images/${Id}?force=1`);
  }
  await removeVolume(`cos-${mark}`);
  installation.remove();
});

const build = (...more: string[]) => installation.cos(["image", "build", "--tag", tag, "--label", label, ...more]);

test("an image is built once from a directory, run, listed, and removed", async () => {
  const built = await build("app");
  expect(built).toMatchObject({ code: 0, stderr: "" });
  expect(built.stdout).toMatch(new RegExp(`^built [0-9a-f]{12}  ${tag}  .* user \\(\\d+\\.\\ds\\)\n$`));
  const again = JSON.parse((await build("--json", "app")).stdout) as { id: string; cached: boolean; digests: string[] };
  expect(again).toMatchObject({ cached: true, tag: `docker.io/${tag}`, owner: "user", durationMs: expect.any(Number) });
  expect((await build("--quiet", "app")).stdout).toBe(`${again.id}\n`);

  const ran = await installation.cos(["run", "--pull", "never", "--label", label, tag, "--", "cat", "/note"]);
  expect(ran.stdout).toBe(`${mark}\n`);
  const listed = await installation.cos(["image", "ls", "--managed"]);
  expect(listed.stdout).toMatch(/^TAG +ID +SIZE +OWNER +AGE +PURPOSE$/m);
  expect(listed.stdout).toMatch(new RegExp(`^${tag} +${again.id.slice(7, 19)} +[\\d.]+ MiB +user +\\d+[smhd]$`, "m"));
  expect((await installation.cos(["image", "ls", "--managed", "--quiet"])).stdout).toBe(`${again.id.slice(7, 19)}\n`);

  const removed = await installation.cos(["image", "rm", tag]);
  expect(removed.stdout).toMatch(
    new RegExp(`^untagged ${tag}\nuntagged cos-image:[0-9a-f]{32}\nremoved ${again.id.slice(7, 19)}\n$`),
  );
  expect((await installation.cos(["image", "ls", "--managed", "--quiet"])).stdout).toBe("");
});

test("a name that cos did not give is not moved, and the build does not begin", async () => {
  const refused = await installation.cos(["image", "build", "--tag", "busybox", "app"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /^cos: The tag busybox is on an image that was not built for it here, or not by you\.\nhint: /,
  );
});

describe("an agent", () => {
  test("builds after it has seen what would be done, and its push waits for a person", async () => {
    await using agent = await connectStdio({ env: installation.env, args: [] });
    const input = { tag, inlineDockerfile: "FROM busybox\nENV BY=agent\n", labels: { "user.test": mark } };
    const asked = await agent.call("image_build", input);
    expect(asked.envelope).toMatchObject({ status: "confirm", rule: "agent-builds" });
    const confirmToken = asked.envelope["confirmToken"];
    const done = await agent.call("image_build", { ...input, confirmToken });
    expect(done.envelope).toMatchObject({ status: "done", result: { owner: "agent", cached: false } });

    expect((await agent.call("image_push", { tag })).envelope).toMatchObject({
      status: "pending",
      rule: "agent-pushes",
    });
    expect((await agent.call("image_push", { tag: "busybox:latest" })).envelope).toMatchObject({ status: "denied" });
    expect((await build("app")).stderr).toContain("not by you");
    expect((await agent.call("image_remove", { image: tag })).envelope).toMatchObject({ status: "done" });
  });
});

test("a volume is made, listed, kept while it is used, and removed after a yes", async () => {
  const made = await installation.cos(["volume", "create", mark, "--purpose", "for tests"]);
  expect(made.stdout).toBe(`made cos-${mark}  user  for tests\n`);
  expect((await installation.cos(["volume", "create", "--json", mark])).stdout).toContain('"created": false');
  expect((await installation.cos(["volume", "ls"])).stdout).toMatch(
    new RegExp(`^cos-${mark} +user +\\d+[smhd] +for tests$`, "m"),
  );
  const mount = `type=volume,name=${mark},target=/data`;
  const job = ["--detach", "--name", mark, "--label", label, "--mount", mount, "busybox", "-c", "true"];
  expect(await installation.cos(["run", "--pull", "never", ...job])).toMatchObject({ code: 0 });
  const refused = await installation.cos(["volume", "rm", "--yes", mark]);
  expect(refused.stderr).toContain(`Containers use the volume cos-${mark}: cos-${mark}.`);
  expect(await installation.cos(["rm", "--force", mark])).toMatchObject({ code: 0 });
  expect(await installation.cos(["volume", "rm", mark])).toMatchObject({ code: 125 });
  expect((await installation.cos(["volume", "rm", "--yes", mark])).stdout).toBe(
    `removed cos-${mark}  user  for tests\n`,
  );
});
