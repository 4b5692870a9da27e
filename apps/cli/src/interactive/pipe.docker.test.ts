import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { JobResult } from "@cos/core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "../testing/cos.ts";
import { listByLabel, removeByLabel, waitUntilGone } from "../testing/engine.ts";
import { ctrlC, ctrlD, startAtTerminal } from "../testing/terminal.ts";

const mark = `cli-pipe-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
const always = ["run", "-i", "--pull", "never", "--label", label];
const job = (line: string, ...flags: string[]) => [...always, ...flags, "busybox", "--cmd", line];
const soon = { timeout: 15_000, interval: 20 };
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterEach(async () => {
  try {
    await waitUntilGone(label);
  } finally {
    await removeByLabel(label);
  }
});
afterAll(() => installation.remove());

describe("cos run -i", () => {
  test("passes on what is written to it as it comes, and its end", async () => {
    const running = installation.start(job("cat; echo end >&2; exit 6"), { keepStdin: true });
    running.write("one\n");
    await running.printed("one\n");
    running.write("two\n");
    await running.printed("one\ntwo\n");
    running.endInput();
    expect(await running.ended).toMatchObject({ code: 6, stdout: "one\ntwo\n", stderr: "end\n" });
  });

  test("passes on every byte of a long input", async () => {
    const stdin = randomBytes(8 * 1024 * 1024);
    const { code, stdout } = await installation.cos(job("sha256sum"), { stdin });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${createHash("sha256").update(stdin).digest("hex")}  -\n` });
  });

  test("takes its input from a file, too", async () => {
    const file = join(installation.home, "input");
    writeFileSync(file, "from a file\n");
    const line = [...installation.command, ...job("cat")].map((part) => `'${part}'`).join(" ");
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", `${line} <'${file}'`], { env: installation.env });
    expect(stdout).toBe("from a file\n");
  });

  test("ends with the program, while its input is still open", async () => {
    const running = installation.start(job("head -n 1"), { keepStdin: true });
    running.write("first\nsecond\n");
    expect(await running.ended).toMatchObject({ code: 0, stdout: "first\n" });
  });

  test("keeps to the timeout that it is given", async () => {
    const running = installation.start(job("cat", "--timeout", "1"), { keepStdin: true });
    expect((await running.ended).code).toBe(124);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("is ended by %s, with its input still open", async (signal, code) => {
    const running = installation.start(job("echo ready; cat"), { keepStdin: true });
    await running.printed("ready");
    running.kill(signal);
    expect(await running.ended).toMatchObject({ code, stdout: "ready\n" });
  });

  test("prints the whole result with --json", async () => {
    const { stdout } = await installation.cos(job("cat", "--json"), { stdin: "hello" });
    expect(JSON.parse(stdout) as JobResult).toMatchObject({ exitCode: 0, stdout: "hello" });
  });

  test.each([
    [["--stdin", "text"], "cos: The input comes from --stdin or from -i, not from both.\n"],
    [["--detach"], "cos: With --detach the job is left to itself, so -i and -t have no use.\n"],
  ])("goes not with %j", async (flags, message) => {
    const { code, stderr } = await installation.cos(job("cat", ...flags));
    expect({ code, stderr }).toEqual({ code: 125, stderr: message });
    expect(await listByLabel(label)).toEqual([]);
  });

  test("at a terminal without -t reads lines, and Ctrl-C interrupts cos", async () => {
    const lines = startAtTerminal(installation, job("while read l; do echo got $l; done"));
    await expect.poll(() => listByLabel(label), soon).not.toEqual([]);
    lines.type("one\n");
    await lines.shows("got one\r\n");
    lines.type(ctrlD);
    expect((await lines.ended).code).toBe(0);

    const interrupted = startAtTerminal(installation, job("echo ready; cat"));
    await interrupted.shows("ready");
    interrupted.type(ctrlC);
    expect((await interrupted.ended).code).toBe(130);
  });
});
