import { describe, expect, test } from "vitest";
import { execResult, type ExecRequest } from "../../exec.ts";
import { type Bench, longCommand, signalOnce } from "./setup.ts";

/** A command that says so when it has started and then does nothing for long. */
const long: ExecRequest = { command: longCommand, timeoutSeconds: 30 };

export function describeExec(bench: Bench): void {
  /** Runs a command in a container of its own. */
  async function exec(command: ExecRequest["command"], more: Partial<ExecRequest> = {}) {
    const engine = await bench.connect();
    const id = await bench.makeContainer();
    return await engine.containers.exec(id, { command, timeoutSeconds: 30, ...more });
  }

  describe("a command in a container", () => {
    test("that succeeds has exit code 0, its output, and no other ending", async () => {
      const result = await exec("echo hello");
      expect(execResult().parse(result)).toEqual(result);
      expect(result).toEqual({
        exitCode: 0,
        stdout: "hello\n",
        stderr: "",
        stdoutCutBytes: 0,
        stderrCutBytes: 0,
        timedOut: false,
        cancelled: false,
        outputLost: false,
        ranMs: expect.any(Number),
      });
    });

    test.each([
      ["exits with another code", "exit 7", 7],
      ["is ended by a signal", "kill -TERM $$", 143],
      ["does not exist, as a line", "no-such-program", 127],
      ["does not exist, as a list", ["no-such-program"], 127],
    ])("that %s is a result with its exit code", async (_what, command, exitCode) => {
      expect(await exec(command)).toMatchObject({ exitCode, timedOut: false, cancelled: false });
    });

    test("is read by a shell when it is a line, and not when it is a list", async () => {
      const variables = { GREETING: "grüß dich\nWelt" };
      expect(await exec('echo "$GREETING"', { variables })).toMatchObject({ stdout: "grüß dich\nWelt\n" });
      expect(await exec(["echo", "$GREETING; exit 7"], { variables })).toMatchObject({
        exitCode: 0,
        stdout: "$GREETING; exit 7\n",
      });
    });

    test("runs in the directory and as the user asked for", async () => {
      expect(await exec("pwd; id -u", { workingDir: "/tmp", user: "1000" })).toMatchObject({ stdout: "/tmp\n1000\n" });
    });

    test.each<[string, Partial<ExecRequest>, string]>([
      ["text", { stdin: "grüß\0dich" }, "grüß\0dich"],
      ["base64", { stdin: "YQBi", stdinEncoding: "base64" }, "a\0b"],
      ["nothing", { stdin: "" }, ""],
      ["missing", {}, ""],
    ])("reads its stdin to the end: %s", async (_what, request, stdout) => {
      expect(await exec("cat", request)).toMatchObject({ exitCode: 0, stdout });
    });

    test("that does not read a long stdin ends all the same", async () => {
      expect(await exec("exit 7", { stdin: "x".repeat(1_000_000) })).toMatchObject({ exitCode: 7, timedOut: false });
    });

    test("passes its output on, each stream whole and in order", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const received = { stdout: "", stderr: "" };
      const output = ({ stream, data }: { stream: "stdout" | "stderr"; data: Uint8Array }) => {
        received[stream] += Buffer.from(data).toString();
      };
      const result = await engine.containers.exec(id, { command: "echo out; echo err >&2; echo more" }, { output });
      expect(received).toEqual({ stdout: "out\nmore\n", stderr: "err\n" });
      expect(result).toMatchObject(received);
    });

    test("has the head and the tail of a long output in its result", async () => {
      const result = await exec("seq 1 20000", { outputBytes: 1000 });
      expect(result).toMatchObject({ stdoutCutBytes: 108_894 - 1000, stderrCutBytes: 0 });
      expect(result.stdout).toMatch(/^1\n2\n3\n[^]*\n19999\n20000\n$/);
    });

    test("is killed when its time is over, and keeps what it has written", async () => {
      expect(await exec(longCommand, { timeoutSeconds: 1 })).toMatchObject({
        timedOut: true,
        cancelled: false,
        killed: true,
        stdout: "ready\n",
        hint: expect.stringContaining("timeoutSeconds"),
      });
    });

    test("is killed when it is cancelled, and the container runs on", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const [stop, ready] = [new AbortController(), signalOnce()];
      const running = engine.containers.exec(id, long, { output: ready.fire, signal: stop.signal });
      await Promise.race([ready.fired, running]);
      stop.abort();
      expect(await running).toMatchObject({ cancelled: true, timedOut: false, killed: true, stdout: "ready\n" });
      expect(await engine.containers.get(id)).toMatchObject({ state: "running" });
    });

    test("is killed when the connection is closed", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const ready = signalOnce();
      const running = engine.containers.exec(id, long, { output: ready.fire });
      await Promise.race([ready.fired, running]);
      await engine.close();
      expect(await running).toMatchObject({ cancelled: true, killed: true });
    });

    test("needs a container that runs", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.stop(id);
      await expect(engine.containers.exec(id, { command: "echo hello" })).rejects.toMatchObject({
        code: "failed_precondition",
        hint: expect.any(String),
      });
    });

    test.each<[string, object]>([
      ["an empty line", { command: "" }],
      ["an empty list", { command: [] }],
      ["a NUL", { command: ["echo", "a\0b"] }],
      ["a relative directory", { command: "pwd", workingDir: "tmp" }],
      ["a directory of the kernel's", { command: "pwd", workingDir: "/proc/1/root" }],
      ["a user that is none", { command: "id", user: "a b" }],
      ["a variable without a name", { command: "env", variables: { "": "x" } }],
      ["a stdin that is not base64", { command: "cat", stdin: "?", stdinEncoding: "base64" }],
      ["no time at all", { command: "pwd", timeoutSeconds: 0 }],
      ["privileges", { command: "pwd", Privileged: true }],
    ])("is refused when it asks for %s", async (_what, request) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await expect(engine.containers.exec(id, request as ExecRequest)).rejects.toMatchObject({
        code: "invalid_argument",
      });
    });
  });
}
