import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation, type StartOptions } from "./testing/cos.ts";
import { askEngine, assertNothingLeft, recordRequests } from "./testing/engine.ts";

const mark = `cli-run-${randomBytes(4).toString("hex")}`;
const label = `user.test=${mark}`;
let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterEach(async () => {
  await assertNothingLeft(label);
});
afterAll(() => installation.remove());

/** `cos run` with this suite's label. */
const run = (args: readonly string[], options?: StartOptions) =>
  installation.cos(["run", "--pull", "never", "--label", label, ...args], options);
const sh = (line: string, flags: readonly string[] = [], options?: StartOptions) =>
  run(["busybox", ...flags, "--cmd", line], options);

describe("the exit code of cos run", () => {
  test.each([
    [0, "true"],
    [1, "false"],
    [42, "exit 42"],
    [143, "kill -TERM $$"],
  ])("is the job's own: %i", async (code, line) => {
    expect(await sh(line)).toMatchObject({ code, stdout: "" });
  });

  test("is 124 after the timeout, with the output so far and a hint", async () => {
    const ended = await sh("echo before; sleep 60; echo after", ["--timeout", "1"]);
    expect(ended).toMatchObject({
      code: 124,
      stdout: "before\n",
      stderr: "cos: It was killed after 1 s; raise --timeout if it needs longer.\n",
    });
  });

  test("is 127 for a command that there is not, and 126 for one that cannot be executed", async () => {
    expect(await run(["busybox", "--", "no-such-command"])).toMatchObject({ code: 127 });
    expect(await run(["busybox", "--entrypoint", "/no/such/file"])).toMatchObject({ code: 127 });
    expect(await run(["busybox", "--entrypoint", "/etc/passwd"])).toMatchObject({ code: 126 });
    expect(await sh("/etc/passwd")).toMatchObject({ code: 126, stderr: expect.not.stringContaining("capabilities") });
  });

  test("is 125 when there is no such image, and the message says what to do", async () => {
    expect(await run(["no-such-image:1"])).toEqual(
      expect.objectContaining({
        code: 125,
        stdout: "",
        stderr: expect.stringMatching(/^cos: The engine has no image no-such-image:1.*\nhint: .*\n$/),
      }),
    );
  });

  test("is 125 for the start of an image's id, which names another image tomorrow", async () => {
    const { body } = await askEngine("GET", "/images/busybox:latest/json");
    const hex = (body as { Id: string }).Id.slice("sha256:".length);
    expect(await run([hex.slice(0, 12), "--cmd", "true"])).toMatchObject({ code: 125 });
    expect(await run([`sha256:${hex.slice(0, 12)}`, "--cmd", "true"])).toMatchObject({ code: 125 });
    expect(await run([`sha256:${hex}`, "--cmd", "true"])).toMatchObject({ code: 0 });
  });
});

describe("the output of cos run", () => {
  test("keeps stdout and stderr apart", async () => {
    expect(await sh("echo out; echo err >&2")).toMatchObject({ code: 0, stdout: "out\n", stderr: "err\n" });
  });

  test("is the job's, byte for byte, in and out", async () => {
    const bytes = randomBytes(300_000);
    const { stdoutBytes, stderr } = await sh("cat", ["--stdin", "-"], { stdin: bytes });
    expect(stdoutBytes.equals(bytes)).toBe(true);
    expect(stderr).toBe("");
  });

  test("passes on what looks like an escape sequence unchanged, as it is the job's own", async () => {
    expect((await sh("printf '\\033[31mred'")).stdout).toBe("\u001b[31mred");
  });

  test("has no colour and no progress when it is not a terminal, even for errors", async () => {
    const ended = await run(["no-such-image:1", "--pull", "never"]);
    expect(ended.stderr).not.toContain("\u001b");
    expect((await sh("wget -q http://nothing.invalid")).stderr).not.toContain("\u001b");
  });

  test("is one JSON document with --json, and nothing else", async () => {
    const { code, stdout, stderr } = await sh("echo out; echo err >&2; exit 3", ["--json"]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 3, stdout: "out\n", stderr: "err\n", timedOut: false });
    expect(stderr).toBe("");
  });

  test("has failures as JSON on stderr with --json, and nothing on stdout", async () => {
    const { code, stdout, stderr } = await run(["no-such-image:1", "--json"]);
    expect([code, stdout]).toEqual([125, ""]);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "not_found", message: expect.any(String) } });
  });

  test("explains a job that needed a network, unless it is to be quiet", async () => {
    const line = "wget -q http://nothing.invalid";
    expect((await sh(line)).stderr).toContain("cos: It ran without a network");
    expect((await sh(line, ["--quiet"])).stderr).not.toContain("cos:");
  });
});

describe("what a job is given", () => {
  test("arguments after -- as they are", async () => {
    expect((await run(["busybox", "--", "printf", "%s|", "a b", "--json", "$HOME", ""])).stdout).toBe(
      "a b|--json|$HOME||",
    );
  });

  test("another entrypoint", async () => {
    expect((await run(["busybox", "--entrypoint", "/bin/echo", "--entrypoint", "one", "--", "two"])).stdout).toBe(
      "one two\n",
    );
  });

  test("variables with a value, and by name from cos's own environment", async () => {
    const ended = await sh('echo "$A|$B|$C"', ["--env", "A=x=y z", "-e", "B", "-e", "C="], { env: { B: "from here" } });
    expect(ended.stdout).toBe("x=y z|from here|\n");
  });

  test("refuses a variable by name that is not set here", async () => {
    expect(await sh("true", ["--env", "COS_NO_SUCH_VARIABLE"])).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("no variable COS_NO_SUCH_VARIABLE"),
    });
  });

  test("standard input as text, from a file, or from cos's own", async () => {
    writeFileSync(join(installation.workDirectory, "input.txt"), "from a file\n");
    expect((await sh("cat", ["--stdin", "plain text"])).stdout).toBe("plain text");
    expect((await sh("cat", ["--stdin", "input.txt"])).stdout).toBe("from a file\n");
    expect((await sh("cat", ["--stdin", "-"], { stdin: "from cos\n" })).stdout).toBe("from cos\n");
    expect((await sh("cat", [], { stdin: "not asked for" })).stdout).toBe("");
  });

  test("no more input than it may have, however long the file is", async () => {
    expect(await sh("cat", ["--stdin", "/dev/zero"])).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("16 MiB"),
    });
  });

  test("a directory below the working directory, read-only unless asked, and files made there are the user's", async () => {
    const source = join(installation.workDirectory, "src");
    mkdirSync(source);
    writeFileSync(join(source, "note"), "hello\n");
    const mount = (more = "") => ["--mount", `type=bind,source=src,target=/src${more}`];
    expect((await sh("cat /src/note", mount())).stdout).toBe("hello\n");
    expect(await sh("echo x > /src/made", mount())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Read-only file system"),
    });
    expect(await sh("echo x > /src/made", mount(",read-only=false"))).toMatchObject({ code: 0 });
    expect(readFileSync(join(source, "made"), "utf8")).toBe("x\n");
    expect(statSync(join(source, "made")).uid).toBe(process.getuid?.());
    expect(
      (await run(["busybox", "--mount", "type=bind,source=.,target=/src", "-w", "/src/src", "--", "ls"])).stdout,
    ).toBe("made\nnote\n");
  });

  test("no path outside the working directory, linked or not; nothing is changed on the engine to find that out", async () => {
    symlinkSync("/etc", join(installation.workDirectory, "link"));
    const recorder = await recordRequests(installation.home);
    try {
      for (const source of ["/etc", "..", "../config", "./link", "link/passwd", "/", "/var/run/docker.sock", "/proc"]) {
        const ended = await sh("ls /mnt", ["--mount", `type=bind,source=${source},target=/mnt`], {
          env: { DOCKER_HOST: recorder.address },
        });
        expect(ended, source).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining("lies outside") });
      }
      // An image that is not there would be pulled; the path is refused first.
      const args = [
        "run",
        "registry.invalid/none",
        "--label",
        label,
        "--mount",
        "type=bind,source=/etc,target=/mnt",
        "--cmd",
        "true",
      ];
      expect(await installation.cos(args, { env: { DOCKER_HOST: recorder.address } })).toMatchObject({
        code: 125,
        stderr: expect.stringContaining("lies outside"),
      });
      expect(recorder.requests).not.toEqual([]);
      expect(
        recorder.requests.filter((request) => !request.startsWith("GET ") && !request.startsWith("HEAD ")),
      ).toEqual([]);
      expect(recorder.requests.filter((request) => request.includes("/images/"))).toEqual([]);
    } finally {
      recorder.close();
    }
  });

  test("no host path that there is not: it is not made", async () => {
    const ended = await sh("true", ["--mount", "type=bind,source=missing,target=/mnt"]);
    expect(ended).toMatchObject({ code: 125, stderr: expect.stringContaining("There is no") });
    expect(() => statSync(join(installation.workDirectory, "missing"))).toThrow();
  });

  test("memory of its own with a size", async () => {
    expect(
      (await sh("df -k /t | tail -1 | awk '{print $2}'", ["--mount", "type=tmpfs,target=/t,size=1m"])).stdout,
    ).toBe("1024\n");
  });

  test("a port on the loopback address, which answers while the job runs", async () => {
    const started = installation.start([
      "run",
      "--pull",
      "never",
      "--label",
      label,
      "busybox",
      "-p",
      "0:8080",
      "--timeout",
      "30",
      "-c",
      "echo ready; echo served | nc -l -p 8080",
    ]);
    await started.printed("ready");
    const { stdout } = await installation.cos(["ps", "--managed", "--json"]);
    const [ports] = (JSON.parse(stdout) as { containers: { ports: string[] }[] }).containers.map(
      (container) => container.ports,
    );
    const [, port] = /^127\.0\.0\.1:(\d+)->8080\/tcp$/.exec(ports?.[0] ?? "") ?? [];
    const answer = await new Promise<string>((resolve, reject) => {
      connect(Number(port), "127.0.0.1")
        .once("error", reject)
        .once("data", (data) => resolve(data.toString()));
    });
    expect(answer).toBe("served\n");
    started.kill("SIGINT");
    await started.ended;
  });

  test("nothing but the sandbox: no capabilities, no new privileges, no network, limits", async () => {
    const { stdout } = await sh(
      "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; ip -o link | wc -l; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null",
    );
    expect(stdout).toMatch(/CapEff:\t0{16}\nNoNewPrivs:\t1\nSeccomp:\t2\n1\n512\n/);
  });
});

describe("what cos run leaves behind", () => {
  test("is two lines in the audit log for a job, with none of its secrets", async () => {
    const before = installation.auditEvents().length;
    await sh("true", ["--env", "TOKEN=hunter2-secret"]);
    const events = installation.auditEvents().slice(before);
    expect(events).toMatchObject(
      [{ stage: "started" }, { stage: "succeeded" }].map((stage) => ({
        ...stage,
        operation: "container_run",
        caller: { kind: "script", name: "user" },
      })),
    );
    expect(JSON.stringify(events)).not.toContain("hunter2");
  });

  test("is nothing when the log cannot be written: the job does not start", async () => {
    const ended = await sh("echo ran", [], { env: { COS_AUDIT_DIR: "/dev/null/audit" } });
    expect(ended).toMatchObject({
      code: 125,
      stdout: "",
      stderr: expect.stringContaining("The audit log cannot be written."),
    });
  });
});
