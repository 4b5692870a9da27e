import { randomBytes } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, assertNothingLeft } from "./testing/engine.ts";

const mark = `cli-build-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const built = new Set<string>();
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  await assertNothingLeft(label);
  for (const id of built) await askEngine("DELETE", `/images/${id}?force=1`);
  installation.remove();
});

interface Result {
  readonly stdout: string;
  readonly imageId: string;
  readonly exitCode: number;
}

async function runJson(args: readonly string[]): Promise<Result> {
  const { stdout, stderr } = await installation.cos(["run", "--pull", "never", "--label", label, "--json", ...args]);
  if (stdout === "") throw new Error(stderr);
  const result = JSON.parse(stdout) as Result;
  built.add(result.imageId);
  return result;
}

test("a base is provisioned once, and its image is found the second time", async () => {
  const args = [
    "--base",
    "busybox",
    "--provision",
    `echo '${mark}' > /made && echo a`,
    "--provision",
    "cat /made > /again",
    "-c",
    "cat /again",
  ];
  const first = await runJson(args);
  expect(first).toMatchObject({ exitCode: 0, stdout: `${mark}\n` });
  expect((await runJson(args)).imageId).toBe(first.imageId);
});

test("a build's output does not mix with the job's", async () => {
  const ended = await installation.cos([
    "run",
    "--pull",
    "never",
    "--label",
    label,
    "--base",
    "busybox",
    "--provision",
    `echo '${mark}' > /made && echo a`,
    "--provision",
    "cat /made > /again",
    "-c",
    "echo out",
  ]);
  expect(ended).toMatchObject({ code: 0, stdout: "out\n", stderr: "" });
});

test("a context is built with its Dockerfile, arguments and ignored files, and again when a file changes", async () => {
  const context = join(installation.workDirectory, "app");
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), "FROM busybox\nARG WHO=nobody\nCOPY . /app\nRUN echo $WHO > /who\n");
  writeFileSync(join(context, ".dockerignore"), "secret\n");
  writeFileSync(join(context, "secret"), "x");
  writeFileSync(join(context, "note"), mark);
  const args = ["--build-context", "app", "--build-arg", "WHO=me", "-c", "cat /who /app/note; ls /app"];
  const first = await runJson(args);
  expect(first.stdout).toContain(`me\n${mark}`);
  expect(first.stdout).not.toContain("secret");
  expect((await runJson(args)).imageId).toBe(first.imageId);
  writeFileSync(join(context, "note"), `${mark} changed`);
  expect((await runJson(args)).stdout).toContain("changed");
});

test("a context outside the working directory, or one that leads out of it, is refused", async () => {
  symlinkSync("/etc", join(installation.workDirectory, "out"));
  for (const context of ["/etc", "..", "out"]) {
    const ended = await installation.cos([
      "run",
      "--label",
      label,
      "--build-context",
      context,
      "--inline-dockerfile",
      "FROM busybox\nCOPY . /x",
      "-c",
      "true",
    ]);
    expect(ended, context).toMatchObject({ code: 125, stderr: expect.stringContaining("lies outside") });
  }
});

test("a step that fails is a failure of cos, with what the step said", async () => {
  const ended = await installation.cos([
    "run",
    "--pull",
    "never",
    "--label",
    label,
    "--base",
    "busybox",
    "--provision",
    `echo ${mark}; echo went wrong >&2; exit 9`,
    "-c",
    "true",
  ]);
  expect(ended).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining("went wrong") });
});

test("a step is one instruction, however it is written: a second line is the shell's, not the builder's", async () => {
  const step = `echo ${mark}\nUSER nobody`;
  const args = ["--pull", "never", "--label", label, "--base", "busybox", "--provision", step, "-c", "id -u"];
  const ended = await installation.cos(["run", ...args]);
  // The shell found no command USER; the builder would have known the instruction.
  expect(ended).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining("with exit code 127") });
});
