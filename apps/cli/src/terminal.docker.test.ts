import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, assertNothingLeft } from "./testing/engine.ts";
import { startAtTerminal } from "./testing/terminal.ts";

const mark = `cli-terminal-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(async () => {
  await assertNothingLeft(label);
  installation.remove();
});

/** What cos shows on a terminal when nobody is at the keys. */
const onTerminal = (args: readonly string[], env: NodeJS.ProcessEnv = {}, redirection = "") =>
  startAtTerminal(installation, args, { env, redirection }).ended;

const colour = /\u001b\[\d+m/;

describe("on a terminal", () => {
  test("cos ps has a header in bold, and none with NO_COLOR", async () => {
    expect((await onTerminal(["ps"])).shown).toMatch(/^\u001b\[1mID/);
    expect((await onTerminal(["ps"], { NO_COLOR: "1" })).shown).not.toMatch(colour);
  });

  test("a failure is in colour", async () => {
    const { code, shown } = await onTerminal(["run", "--memory", "0", "busybox", "-c", "true"]);
    expect(code).toBe(125);
    expect(shown).toMatch(/\u001b\[31mcos:\u001b\[39m --memory: /);
  });

  test("colour is decided by the stream it is for, and by nothing of the build environment", async () => {
    const wrong = ["run", "--memory", "0", "busybox", "-c", "true"];
    expect((await onTerminal(wrong, { CI: "true" }, ">/dev/null")).shown).toMatch(colour);
    expect((await onTerminal(wrong, { TERM: "dumb" })).shown).not.toMatch(colour);
  });

  test("a build shows its progress in one line, which is gone when the job's output comes", async () => {
    const step = `echo ${mark}; sleep 0.2`;
    const args = [
      "run",
      "--pull",
      "never",
      "--label",
      label,
      "--base",
      "busybox",
      "--provision",
      step,
      "-c",
      "echo output",
    ];
    const { code, shown } = await onTerminal(args);
    expect(code).toBe(0);
    expect(shown).toMatch(/\r\u001b\[Kbuild: [^\n]*\r\u001b\[Koutput\r\n$/);
    const built = await installation.cos([...args, "--json"]);
    const { imageId } = JSON.parse(built.stdout) as { imageId: string };
    await askEngine("DELETE", `/images/${imageId}?force=1`);
  });

  test("--quiet and --json show no progress", async () => {
    for (const flag of ["--quiet", "--json"]) {
      const { shown } = await onTerminal([
        "run",
        flag,
        "--pull",
        "never",
        "--label",
        label,
        "busybox",
        "-c",
        "echo output",
      ]);
      expect(shown).not.toContain("\u001b");
    }
  });

  test("the caller in the audit log is a terminal", async () => {
    await onTerminal(["ping"]);
    expect(installation.auditEvents().at(-1)).toMatchObject({
      operation: "ping",
      stage: "read",
      caller: { kind: "terminal", name: "user" },
    });
  });
});
