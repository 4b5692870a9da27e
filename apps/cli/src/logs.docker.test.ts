import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { askEngine, recordRequests, removeByLabel } from "./testing/engine.ts";

const mark = `cli-logs-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterEach(() => removeByLabel(label));
afterAll(() => installation.remove());

/** Starts a container of this name that cos does not know. */
async function start(command: string, more: object = {}): Promise<void> {
  const created = await askEngine("POST", `/containers/create?name=${mark}`, {
    Image: "busybox:latest",
    Cmd: ["sh", "-c", command],
    Labels: { "user.test": mark },
    HostConfig: { NetworkMode: "none", Init: true },
    ...more,
  });
  expect(created.status).toBe(201);
  await askEngine("POST", `/containers/${mark}/start`);
}

/** Starts one and waits for its end. */
async function run(command: string, more: object = {}): Promise<void> {
  await start(command, more);
  await askEngine("POST", `/containers/${mark}/wait`);
}

const logs = (...args: readonly string[]) => installation.cos(["logs", ...args, mark]);

describe("cos logs", () => {
  test("writes each stream to its own, byte by byte", async () => {
    // The default driver keeps text, in which bytes that are none are replaced.
    const HostConfig = { NetworkMode: "none", LogConfig: { Type: "local" } };
    await run("printf 'out\\033[1m\\377\\n'; echo err >&2", { HostConfig });
    const { code, stdoutBytes, stderr } = await logs();
    expect([code, stderr]).toEqual([0, "err\n"]);
    expect(stdoutBytes).toEqual(Buffer.from("out\u001b[1m\u00ff\n", "latin1"));
  });

  test("shows the last hundred lines, or as many as asked", async () => {
    await run("seq 1 500");
    expect((await logs()).stdout.split("\n").slice(0, 1)).toEqual(["401"]);
    expect((await logs("-n", "2")).stdout).toBe("499\n500\n");
    expect((await logs("--since", "1h")).stdout.split("\n")).toHaveLength(501);
  });

  test("chooses lines by pattern, stream and time, and shows their times", async () => {
    await run("seq 1 50; echo ERROR 1 >&2; sleep 0.2; echo error 2");
    expect((await logs("--grep", "^[45]0?$")).stdout).toBe("4\n5\n40\n50\n");
    expect(await logs("--grep", "error", "-i")).toMatchObject({ stdout: "error 2\n", stderr: "ERROR 1\n" });
    expect(await logs("--stream", "stderr")).toMatchObject({ stdout: "", stderr: "ERROR 1\n" });
    const { stdout } = await logs("-n", "1", "--timestamps");
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z error 2\n$/);
    expect((await logs("--since", stdout.slice(0, 30))).stdout).toBe("error 2\n");
    expect((await logs("--until", stdout.slice(0, 30), "-n", "2")).stdout).toContain("error 2\n");
  });

  test("answers with --json with one document, whose cursor leads on", async () => {
    await run("seq 1 2000");
    const first = JSON.parse((await logs("--json", "--since", "1h", "--limit-bytes", "1024")).stdout);
    expect(first).toMatchObject({ more: true, cutBytes: 0, name: mark });
    const second = JSON.parse((await logs("--json", "--cursor", first.cursor)).stdout);
    expect(second.more).toBe(false);
    const numbers = `${first.output}${second.output}`.trimEnd().split("\n").map(Number);
    expect(numbers).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1));
  });

  test("says which flags are wrong", async () => {
    await run("true");
    const { code, stderr } = await logs("--grep", "(");
    expect([code, stderr]).toEqual([1, expect.stringContaining("RE2") as string]);
    expect(await logs("--since", "yesterday")).toMatchObject({ code: 1, stderr: expect.stringContaining("--since") });
    expect(await logs("--follow", "--until", "1m")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--until"),
    });
  });
});

describe("cos logs --follow", () => {
  test("goes on until the container ends", async () => {
    await start("for i in 1 2 3; do echo line $i; echo other; sleep 0.2; done");
    expect(await logs("-f", "--grep", "line")).toMatchObject({ code: 0, stdout: "line 1\nline 2\nline 3\n" });
  });

  test("prints an object a line with --json", async () => {
    await start("echo one; sleep 0.2; echo two three >&2");
    const { code, stdout } = await logs("--follow", "--json");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    const time = expect.stringMatching(/^\d{4}-.*\.\d{9}Z$/) as string;
    expect([code, lines]).toEqual([
      0,
      [
        { time, stream: "stdout", text: "one" },
        { time, stream: "stderr", text: "two three" },
      ],
    ]);
  });

  test("ends with 130 when it is interrupted, and the container goes on", async () => {
    await start("echo up; exec sleep 60");
    const following = installation.start(["logs", "-f", mark]);
    await following.printed("up");
    following.kill("SIGINT");
    expect(await following.ended).toMatchObject({ code: 130, stdout: "up\n", stderr: "" });
    expect((await askEngine("GET", `/containers/${mark}/json`)).body).toMatchObject({ State: { Running: true } });
  });
});

describe("cos wait", () => {
  const wait = (...args: readonly string[]) => installation.cos(["wait", ...args, mark]);

  test("prints the exit code", async () => {
    await start("sleep 0.5; exit 7");
    expect(await wait()).toMatchObject({ code: 0, stdout: "7\n", stderr: "" });
  });

  test("ends with 124 when the time is over", async () => {
    await start("exec sleep 60");
    const { code, stdout, stderr } = await wait("--timeout", "1");
    expect([code, stdout, stderr]).toEqual([124, "", expect.stringContaining("is running") as string]);
  });

  test("waits for a line", async () => {
    await start("echo starting; sleep 0.5; echo ready in 12 ms; exec sleep 60");
    expect(await wait("--until", "log", "--pattern", "ready in \\d+")).toMatchObject({
      code: 0,
      stdout: `${mark} wrote: ready in 12 ms\n`,
    });
  });

  test("waits for health", async () => {
    const Healthcheck = { Test: ["CMD", "true"], Interval: 1e9, Timeout: 1e9 };
    await start("exec sleep 60", { Healthcheck });
    expect(await wait("--until", "healthy", "--json")).toMatchObject({ code: 0 });
  });

  test("ends with 1 when the container has ended first", async () => {
    await run("echo starting; exit 3");
    const { code, stderr } = await wait("--until", "log", "--pattern", "ready");
    expect([code, stderr]).toEqual([1, expect.stringContaining("exit code 3") as string]);
  });

  test("ends with 130 when it is interrupted", async () => {
    await start("exec sleep 60");
    const { address, requests, close } = await recordRequests(installation.home);
    onTestFinished(close);
    const waiting = installation.start(["wait", mark], { env: { DOCKER_HOST: address } });
    await expect.poll(() => requests.some((asked) => /^POST .*\/wait$/.test(asked)), { timeout: 10_000 }).toBe(true);
    waiting.kill("SIGINT");
    expect(await waiting.ended).toMatchObject({ code: 130, stdout: "" });
  });
});
