import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { removeByLabel, startUnmanaged } from "../testing/engine.ts";

const run = promisify(execFile);
const mark = `cli-completion-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;
/** Finds the installation's command as `cos`. */
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  installation = makeInstallation();
  const bin = join(installation.home, "bin");
  mkdirSync(bin);
  const words = installation.command.map((word) => `'${word}'`).join(" ");
  writeFileSync(join(bin, "cos"), `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(join(bin, "cos"), 0o755);
  env = { ...installation.env, PATH: `${bin}:${process.env["PATH"]}`, TERM: "dumb", HISTFILE: "/dev/null" };
  await startUnmanaged(`${mark}-one`, { "user.test": mark });
  await startUnmanaged(`${mark}-two`, { "user.test": mark });
});
afterAll(async () => {
  try {
    await removeByLabel(label);
  } finally {
    installation.remove();
  }
});

/** Types keys at a bash on a terminal that has the completion, and resolves with all that was shown. */
async function typeAtBash(keys: string): Promise<string> {
  const child = spawn("script", ["-qefc", "exec bash --noprofile --norc -i", "/dev/null"], {
    cwd: installation.workDirectory,
    env,
    timeout: 30_000,
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const shows = (text: string) => expect.poll(() => shown, { timeout: 15_000, interval: 20 }).toContain(text);
  try {
    await shows("bash-");
    child.stdin.write('source <(cos completion bash); cos() { if [ "$1" = __complete ]; then command cos "$@"; ');
    child.stdin.write('else printf "<%s>" "$@"; printf "\\ndone\\n"; fi; }; echo sour""ced\n');
    await shows("sourced");
    child.stdin.write(`${keys}\n`);
    await shows("\ndone");
    return shown;
  } finally {
    child.kill("SIGKILL");
  }
}

describe("cos completion bash", () => {
  test.each([
    ["a command", "cos resta\t", "<restart>"],
    ["a flag and its value", "cos run --prof\tsand\tx", "<run><--profile><sandbox><x>"],
    ["a value behind =", "cos run --profile=str\tx", "<run><--profile=strict><x>"],
    ["a live name, the part that all have in common", `cos stop ${mark.slice(0, -2)}\tt\t`, `<stop><${mark}-two>`],
    ["a tag, across its colon", "cos run busybox:late\tx", "<run><busybox:latest><x>"],
    ["a word behind one with spaces", 'cos run --cmd "a  b:c" --pul\tnev\tx', "<run><--cmd><a  b:c><--pull><never><x>"],
    ["a word at the cursor, with more behind it", "cos restar\u0001\u0005\t web", "<restart><web>"],
    ["a file where cos knows nothing better", "cos run --stdin a-fi\t", "<run><--stdin><a-file>"],
  ])("completes %s", async (_what, keys, expected) => {
    writeFileSync(join(installation.workDirectory, "a-file"), "");
    expect(await typeAtBash(keys)).toContain(expected);
  });
});

describe("cos completion", () => {
  test.each(["bash", "zsh", "fish"])("prints a script for %s, which says where it belongs", async (shell) => {
    const { code, stdout } = await installation.cos(["completion", shell]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^(#compdef cos\\n)?# Completion of cos for ${shell}\\. In ~/`));
    expect(stdout).toContain("cos __complete -- ");
    expect(stdout).not.toContain("\\${");
  });

  test("knows no other shell", async () => {
    expect(await installation.cos(["completion", "csh"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("cos __complete", () => {
  test("gives each candidate with what it is", async () => {
    const { stdout } = await run("cos", ["__complete", "--", "stop", mark], { env });
    expect(stdout.split("\n").toSorted()).toEqual([
      "",
      `${mark}-one\trunning, busybox:latest`,
      `${mark}-two\trunning, busybox:latest`,
    ]);
  });

  test("asks as any other call does, so that it is recorded and can be refused", async () => {
    const before = installation.auditEvents();
    await run("cos", ["__complete", "--", "stop", ""], { env });
    expect(installation.auditEvents(before)).toMatchObject([{ operation: "container_list", stage: "read" }]);
    installation.writePolicy("rules: [{ name: no, operation: container_list, decision: deny, reason: Not here. }]\n");
    try {
      expect(await run("cos", ["__complete", "--", "stop", ""], { env })).toEqual({ stdout: "", stderr: "" });
    } finally {
      installation.writePolicy("rules: []\n");
    }
  });

  test("says nothing when there is no engine, and when it does not answer", async () => {
    const silent = createServer(() => {});
    const path = join(installation.home, "silent.sock");
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    try {
      for (const host of ["unix:///nowhere.sock", `unix://${path}`]) {
        const started = performance.now();
        const { stdout, stderr } = await run("cos", ["__complete", "--", "stop", ""], {
          env: { ...env, DOCKER_HOST: host },
        });
        expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "" });
        expect(performance.now() - started).toBeLessThan(5_000);
      }
    } finally {
      silent.close();
    }
  });
});
