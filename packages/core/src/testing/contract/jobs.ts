import { describe, expect, test } from "vitest";
import { jobResult } from "../../job.ts";
import { defineWorkload } from "../../spec/workload-spec.ts";
import { type Bench, job, newName, owner } from "./setup.ts";

export function describeJobs(bench: Bench): void {
  describe("jobs", () => {
    test("a service is not run as a job", async () => {
      const engine = await bench.connect();
      const spec = defineWorkload({ env: { image: "busybox" }, lifecycle: "persistent", name: newName() });
      await expect(engine.jobs.run({ spec, owner })).rejects.toMatchObject({
        code: "invalid_argument",
        hint: expect.any(String),
      });
    });

    test("a job that succeeds has exit code 0, its output, and no other ending", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run(job("echo hello"));
      expect(jobResult.parse(result)).toEqual(result);
      expect(result).toMatchObject({
        exitCode: 0,
        stdout: "hello\n",
        stderr: "",
        stdoutCutBytes: 0,
        stderrCutBytes: 0,
      });
      expect(result).toMatchObject({ timedOut: false, oomKilled: false, cancelled: false, outputLost: false });
      expect(result).not.toHaveProperty("signal");
      expect(result.imageId).toMatch(/^sha256:[0-9a-f]{64}$/);
    });

    test("a job that fails is a result with its exit code", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("exit 7"))).toMatchObject({ exitCode: 7, timedOut: false, cancelled: false });
    });

    test("a job that a signal ended has exit code 128 + signal, and the signal's name", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("kill -TERM $$"))).toMatchObject({ exitCode: 143, signal: "SIGTERM" });
    });

    test.each([
      ["a command line", "no-such-program"],
      ["a list", ["no-such-program"]],
    ])("a program that does not exist is a result with exit code 127 (%s)", async (_form, command) => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job(command))).toMatchObject({ exitCode: 127 });
    });

    test("stdout and stderr are kept apart", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run(job("echo out; echo err >&2; echo more"));
      expect(result).toMatchObject({ stdout: "out\nmore\n", stderr: "err\n" });
    });

    test("a command line is read by a shell, a list is not", async () => {
      const engine = await bench.connect();
      const variables = { GREETING: "grüß dich\nWelt" };
      const line = await engine.jobs.run(job('echo "$GREETING"', { variables }));
      expect(line.stdout).toBe("grüß dich\nWelt\n");
      const list = await engine.jobs.run(job(["echo", "$GREETING; exit 7"], { variables }));
      expect(list).toMatchObject({ exitCode: 0, stdout: "$GREETING; exit 7\n" });
    });

    test("an entrypoint takes the list as its arguments", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job(["and", "after"], { entrypoint: ["echo", "before"] }))).toMatchObject({
        stdout: "before and after\n",
      });
    });

    test("the working directory and the user are those asked for", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("pwd; id -u", { workingDir: "/tmp", user: "1000" }))).toMatchObject({
        stdout: "/tmp\n1000\n",
      });
    });

    test("stdin is passed on as text", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("cat", { stdin: "grüß\0dich" }))).toMatchObject({
        exitCode: 0,
        stdout: "grüß\0dich",
      });
    });

    test("stdin is passed on byte for byte when it is written as base64", async () => {
      const engine = await bench.connect();
      const bytes = Buffer.from([0x00, 0xff, 0x80, 0x0a, 0x0d, 0xc3]);
      const received: Buffer[] = [];
      const output = ({ data }: { data: Uint8Array }) => void received.push(Buffer.from(data));
      await engine.jobs.run(job("cat", { stdin: bytes.toString("base64"), stdinEncoding: "base64" }), { output });
      expect(Buffer.concat(received)).toEqual(bytes);
    });

    test("a long stdin arrives whole", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("wc -c", { stdin: "x".repeat(1_000_000) }))).toMatchObject({
        stdout: "1000000\n",
      });
    });

    test("a job that does not read its stdin ends all the same", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("exit 7", { stdin: "x".repeat(1_000_000) }))).toMatchObject({
        exitCode: 7,
        timedOut: false,
      });
    });

    test.each([
      ["missing", {}],
      ["empty", { stdin: "" }],
    ])("a job whose stdin is %s reads the end of the file at once", async (_case, spec) => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("cat", spec))).toMatchObject({ exitCode: 0, stdout: "", timedOut: false });
    });

    test("progress says when the container is created and when it starts", async () => {
      const engine = await bench.connect();
      const phases: string[] = [];
      await engine.jobs.run(job("echo hello"), { progress: ({ phase }) => void phases.push(phase) });
      expect(phases.filter((phase) => phase === "create" || phase === "start")).toEqual(["create", "start"]);
    });

    test("eight jobs at once each get their own output and exit code", async () => {
      const engine = await bench.connect();
      const numbers = Array.from({ length: 8 }, (_, index) => index + 1);
      const results = await Promise.all(
        numbers.map((number) =>
          engine.jobs.run(job('echo "job $NUMBER"; exit "$NUMBER"', { variables: { NUMBER: String(number) } })),
        ),
      );
      expect(results.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual(
        numbers.map((number) => [number, `job ${number}\n`]),
      );
      expect(new Set(results.map(({ containerId }) => containerId)).size).toBe(8);
    });
  });
}
