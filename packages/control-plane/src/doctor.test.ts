import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineInfo } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { diagnose } from "./doctor.ts";
import { checkEngine } from "./engine-health.ts";

const info: EngineInfo = {
  version: "28.0.0",
  apiVersion: "1.44",
  os: "Debian",
  architecture: "x86_64",
  kernel: "6.1",
  cgroupVersion: "2",
  cgroupDriver: "systemd",
  rootless: false,
  storageDriver: "overlay2",
  dataRoot: "/var/lib/docker",
  securityOptions: ["seccomp"],
  liveRestore: true,
  helperImage: "sha256:0123456789abcdef",
  components: [{ name: "runc", version: "1.3.3" }],
  warnings: [],
};
const all = { cpus: true, memory: true, pids: true };
const runc = (version: string) =>
  checkEngine({ ...info, components: [{ name: "runc", version }] }, all).find(({ subject }) => subject === "runc")
    ?.status;

describe("an engine", () => {
  test("in good order has nothing to fix", () => {
    expect(checkEngine(info, all).filter(({ status }) => status !== "ok")).toEqual([]);
  });

  test("is warned about for a version with known problems, and for no other", () => {
    const warned = (version: string) => checkEngine({ ...info, version }, all).some(({ status }) => status === "warn");
    const bad = ["19.3.15", "20.10.24+dfsg1", "28.2.0", "28.3.2"];
    const good = ["4.3.1", "5.4.2", "23.0.0", "26.1.5", "28.1.1", "28.3.3", "29.0.1", "unknown"];
    expect(bad.map(warned)).toEqual(bad.map(() => true));
    expect(good.map(warned)).toEqual(good.map(() => false));
  });

  test("is warned about for a runc with known ways out, and for nothing newer", () => {
    expect(["1.0.0", "1.1.5+ds1-1+deb12u1", "1.1.12", "1.2.7", "1.3.0-rc.1", "1.3.2"].map(runc)).toEqual(
      Array(6).fill("warn"),
    );
    expect(["1.2.8", "1.2.9", "1.3.3", "1.4.0", "2.0.0"].map(runc)).toEqual(Array(5).fill("ok"));
  });

  test("fails without limits, and says which and how", () => {
    expect(checkEngine(info, { ...all, memory: false, pids: false })).toContainEqual(
      expect.objectContaining({
        subject: "limits",
        status: "fail",
        message: expect.stringContaining("memory, pids"),
        fix: expect.any(String),
      }),
    );
  });

  test("is warned about when nothing can kill commands in containers, and is told what to do", () => {
    const exec = (helperImage?: string) =>
      checkEngine({ ...info, helperImage }, all).find(({ subject }) => subject === "exec");
    expect(exec()).toMatchObject({ status: "warn", fix: expect.stringContaining("docker pull busybox") });
    expect(exec("/bin/busybox")).toMatchObject({ status: "ok", message: expect.stringContaining("/bin/busybox") });
  });

  test("is warned about without seccomp or live-restore, and with every warning of its own", () => {
    const findings = checkEngine(
      { ...info, securityOptions: [], liveRestore: false, warnings: ["No swap limit support"] },
      all,
    );
    expect(findings.filter(({ status }) => status === "warn").map(({ subject }) => subject)).toEqual([
      "seccomp",
      "live-restore",
      "engine",
    ]);
  });
});

describe("without an engine", () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "cos-doctor-"))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const env = () => ({ HOME: home, DOCKER_HOST: `unix://${home}/nothing.sock` });

  test("the installation is checked all the same, and the engine's finding says what was tried", async () => {
    const findings = await diagnose(env());
    expect(findings.map(({ subject, status }) => [subject, status])).toEqual([
      ["node", "ok"],
      ["key", "ok"],
      ["policy", "ok"],
      ["engine", "fail"],
    ]);
    expect(findings.at(-1)).toMatchObject({
      message: expect.stringContaining(`${home}/nothing.sock`),
      fix: expect.stringContaining("DOCKER_HOST"),
    });
  });

  test("rules with a mistake are a failure that says where it is", async () => {
    const policy = join(home, "policy.yaml");
    writeFileSync(policy, "rules:\n  - name: x\n");
    expect(await diagnose({ ...env(), COS_POLICY: policy })).toContainEqual(
      expect.objectContaining({
        subject: "policy",
        status: "fail",
        message: expect.stringContaining(`${policy}:2:5: `),
      }),
    );
  });

  test("access tokens that others can use are no access tokens", async () => {
    const file = join(home, "tokens.json");
    const found = async () =>
      (await diagnose({ ...env(), COS_ACCESS_TOKENS: file })).find(({ subject }) => subject === "access tokens");
    expect(await found()).toBeUndefined();
    writeFileSync(file, '{"tokens": []}', { mode: 0o600 });
    expect(await found()).toMatchObject({ status: "ok", message: `0, in ${file}` });
    chmodSync(file, 0o644);
    expect(await found()).toMatchObject({ status: "fail", fix: `chmod 600 ${file}` });
  });

  test("secrets that cannot be had are warned about by name", async () => {
    const file = join(home, "secrets.yaml");
    writeFileSync(file, "TOKEN: {env: APP_TOKEN}\nGONE: {file: /no/such/file}\n", { mode: 0o600 });
    const findingOf = async (more: NodeJS.ProcessEnv) =>
      (await diagnose({ ...env(), COS_SECRETS: file, ...more })).find(({ subject }) => subject === "secrets");
    expect(await findingOf({ APP_TOKEN: "hunter22" })).toMatchObject({
      status: "warn",
      message: "cannot be had: GONE",
    });
    writeFileSync(file, "TOKEN: {env: APP_TOKEN}\n");
    expect(await findingOf({ APP_TOKEN: "hunter22" })).toMatchObject({ status: "ok", message: `1, in ${file}` });
    writeFileSync(file, "TOKEN: hunter22\n");
    expect(await findingOf({})).toMatchObject({ status: "fail", message: expect.stringContaining(`${file}:1:8: `) });
  });

  test("a key that others can read is a failure with a fix", async () => {
    const keyFile = join(home, "key.json");
    writeFileSync(keyFile, "{}", { mode: 0o644 });
    expect(await diagnose({ ...env(), COS_KEY_FILE: keyFile })).toContainEqual(
      expect.objectContaining({ subject: "key", status: "fail", fix: `chmod 600 ${keyFile}` }),
    );
  });
});
