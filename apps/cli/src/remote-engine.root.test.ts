import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
// @boundaries-ignore the ssh server for tests is the driver's
import { OwnSshd } from "../../../packages/docker/src/testing/own-sshd.ts";
import { type Installation, makeInstallation } from "./testing/cos.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..", "..");
const socket = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace("unix://", "");

let sshd: OwnSshd;
let installation: Installation;

beforeAll(async () => {
  sshd = await OwnSshd.start();
  sshd.configure(`Host build-box\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  User root\n`);
  installation = makeInstallation();
});
afterAll(async () => {
  installation.remove();
  await sshd[Symbol.asyncDispose]();
});

test("the example of an engine behind ssh runs as it stands", async () => {
  const env = {
    ...installation.env,
    PATH: sshd.env["PATH"],
    COS: installation.command.join(" "),
    HOST: `build-box${socket}`,
  };
  const { stdout } = await run("sh", [join(root, "examples", "remote-engine-over-ssh.sh")], { env });
  expect(stdout).toContain("far");
  expect(stdout).toMatch(/^far: version \S+, answered in/m);
  expect(stdout).toMatch(/^hello from \S+ over there$/m);
});

test("an engine that ssh does not reach is named with what ssh says", async () => {
  const env = { PATH: sshd.env["PATH"], DOCKER_HOST: "ssh://root@127.0.0.1:1" };
  const { code, stderr } = await installation.cos(["ping"], { env });
  expect(code).toBe(1);
  expect(stderr).toMatch(/ssh cannot reach root@127\.0\.0\.1/);
  expect(stderr).toContain("hint:");
});
