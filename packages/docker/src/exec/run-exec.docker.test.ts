import { randomBytes } from "node:crypto";
import { createSigner, type Engine, type ExecOptions, type ExecRequest } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import {
  callEngine,
  enginePath,
  type RawContainer,
  removeContainersWith,
  startRawContainer,
} from "../testing/raw-engine.ts";

const label = `user.test=exec-${randomBytes(4).toString("hex")}`;
const createRequest = /^POST \/containers\/[0-9a-f]+\/exec/;
const startRequest = /^POST \/exec\/[0-9a-f]+\/start/;
const inspectRequest = /^GET \/exec\/[0-9a-f]+\/json/;
const inspectContainer = /^GET \/containers\/[0-9a-f]+\/json/;

let proxy: FaultProxy;
let engine: Engine;
let id: string;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
  id = await startContainer();
});
afterEach(async () => {
  try {
    await engine.close();
  } finally {
    await proxy[Symbol.asyncDispose]();
    await removeContainersWith(label);
  }
});

const startContainer = (container: Partial<RawContainer> = {}) =>
  startRawContainer(label, { command: "exec sleep 600", ...container });

const exec = (command: ExecRequest["command"], more: Partial<ExecRequest> = {}, options: ExecOptions = {}) =>
  engine.containers.exec(id, { command, timeoutSeconds: 20, ...more }, options);

/** Starts a command that writes "ready", and resolves when it has. */
async function started(command: string, options: ExecOptions = {}) {
  let onReady = () => {};
  const ready = new Promise<void>((resolve) => (onReady = resolve));
  const result = exec(`echo ready; ${command}`, {}, { ...options, output: () => onReady() });
  result.catch(() => undefined);
  await Promise.race([ready, result]);
  return { result };
}

describe("a command ends", () => {
  test("when it does, not when what it leaves in the background does", async () => {
    const result = await exec("sleep 30 & echo hi");
    expect(result).toMatchObject({ exitCode: 0, stdout: "hi\n", outputLost: false });
    expect(result.ranMs).toBeLessThan(2_000);
    expect(result).not.toHaveProperty("killed");
  });

  test("when it does, not when its output does", async () => {
    expect(await exec("echo hi; exec >&- 2>&-; sleep 0.5; exit 4")).toMatchObject({ exitCode: 4, stdout: "hi\n" });
  });

  test("with its container", async () => {
    const { result } = await started("sleep 30");
    await callEngine("POST", `/containers/${id}/kill`);
    expect(await result).toMatchObject({ exitCode: 137, stdout: "ready\n", timedOut: false });
  });

  test("with its container that is removed, if only as nobody knows", async () => {
    const { result } = await started("sleep 30");
    await callEngine("DELETE", `/containers/${id}?force=1`);
    // The engine may still say how it ended before it forgets it.
    const ending = await result.then(
      ({ exitCode }) => exitCode,
      (error: { details?: { unknown?: boolean } }) => error.details?.unknown,
    );
    expect([137, true]).toContain(ending);
  });
});

describe("what cannot be run", () => {
  test("is a result with exit code 126 when it is not executable", async () => {
    expect(await exec(["/etc/passwd"])).toMatchObject({ exitCode: 126 });
    expect(await exec("/etc/passwd")).toMatchObject({ exitCode: 126 });
  });

  test.each<[string, Partial<ExecRequest>]>([
    ["its directory is not there", { workingDir: "/no/such/directory" }],
    ["its user is not there", { user: "no-such-user" }],
  ])("is an error in the engine's words when %s", async (_what, request) => {
    await expect(exec("echo hello", request)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/no such file|no matching entries/) as string,
      hint: expect.any(String),
    });
  });

  test("is an error when a container without an init does not have the program", async () => {
    id = await startContainer({ hostConfig: { Init: false } });
    await expect(exec(["no-such-program"])).rejects.toMatchObject({ code: "failed_precondition" });
    expect(await exec("no-such-program")).toMatchObject({ exitCode: 127 });
  });

  test("is not what merely says so", async () => {
    const words = "OCI runtime exec failed: exec failed: unable to start container process: no such file or directory";
    for (const exitCode of [0, 126, 127]) {
      expect(await exec(`echo '${words}'; exit ${exitCode}`)).toMatchObject({ exitCode, stdout: `${words}\n` });
    }
  });
});

test("an engine without Docker's init runs commands without one", async () => {
  proxy.script(/^GET \/info/, {
    kind: "rewrite-answer",
    change: (body) => ({ ...(body as object), InitBinary: "" }),
  });
  await using podman = await connectDocker({ host: proxy.host });
  const command = "cat /proc/1/cmdline /proc/$PPID/cmdline";
  expect((await exec(command)).stdout).toContain("docker-init\0-s");
  expect((await podman.containers.exec(id, { command })).stdout).not.toContain("docker-init\0-s");
});

test("a secret gets into the command, and neither into its output nor into what the engine keeps", async () => {
  const received: Buffer[] = [];
  const request = {
    command: 'echo "$TOKEN"; echo "$TOKEN" >&2; test "$TOKEN" = s3cr3t-value',
    variables: { TOKEN: "secret://token" },
    secrets: () => "s3cr3t-value",
  };
  const result = await engine.containers.exec(id, request, {
    output: ({ data }) => void received.push(Buffer.from(data)),
  });
  expect(result.exitCode).toBe(0);
  expect(JSON.stringify(result) + Buffer.concat(received).toString()).not.toContain("s3cr3t-value");
  await expect(engine.containers.exec(id, { ...request, secrets: undefined })).rejects.toMatchObject({
    code: "failed_precondition",
  });
});

test("a container without a shell, or anything else of a system, runs programs and has them killed", async () => {
  const dockerfile = "FROM busybox:latest AS from\nFROM scratch\nCOPY --from=from /bin/busybox /busybox-app\n";
  const image = await engine.images.ensure({ build: { inline: dockerfile } }, { owner: "tester", pull: "never" });
  try {
    id = await startContainer({ command: "", body: { Image: image.id, Cmd: ["/busybox-app", "sleep", "600"] } });
    expect(await exec(["/busybox-app", "echo", "hello"])).toMatchObject({ exitCode: 0, stdout: "hello\n" });
    expect(await exec("echo hello")).toMatchObject({ exitCode: 127 });
    const overrun = ["/busybox-app", "sh", "-c", "/busybox-app setsid /busybox-app sleep 99 & /busybox-app sleep 98"];
    expect(await exec(overrun, { timeoutSeconds: 1 })).toMatchObject({ timedOut: true, killed: true });
  } finally {
    await removeContainersWith(label);
    await engine.images.remove(image.id);
  }
});

describe("when the connection breaks", () => {
  test("before it ends, the exit code is still known, and that output may be missing", async () => {
    const { result } = await started("sleep 0.5; exit 3");
    expect(proxy.cut(startRequest)).toBe(1);
    expect(await result).toMatchObject({ exitCode: 3, stdout: "ready\n", outputLost: true });
  });

  test("in mid-output, the engine loses track of it, so how it ended is said to be unknown", async () => {
    const { result } = await started("sleep 0.5; echo more; sleep 0.5; exit 3");
    expect(proxy.cut(startRequest)).toBe(1);
    await expect(result).rejects.toMatchObject({ code: "unavailable", details: { unknown: true } });
  });

  test.each(Array.from({ length: 12 }, (_, bytes) => bytes))(
    "after %i bytes of a frame, nothing is made up",
    async (bodyBytes) => {
      proxy.script(startRequest, { kind: "cut-answer", bodyBytes });
      const result = await exec("printf abcd; sleep 0.5; exit 5");
      expect(result).toMatchObject({
        exitCode: 5,
        stdout: "abcd".slice(0, Math.max(0, bodyBytes - 8)),
        outputLost: true,
      });
    },
  );

  test("nothing is lost by however small pieces", async () => {
    proxy.script(startRequest, { kind: "slice-answer", bytes: 1 });
    const line = "for i in 1 2 3; do echo out$i; sleep 0.05; echo err$i >&2; done";
    expect(await exec(line)).toMatchObject({
      stdout: "out1\nout2\nout3\n",
      stderr: "err1\nerr2\nerr3\n",
      outputLost: false,
    });
  });

  test("before it is known to the engine, nothing has run", async () => {
    proxy.script(createRequest, { kind: "drop-answer" });
    const error = await exec("echo hello").catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "unavailable" });
    expect(error).not.toMatchObject({ details: { unknown: true } });
    expect(proxy.requests.some((request) => startRequest.test(request))).toBe(false);
  });

  test("right after its start was sent, it is followed all the same", async () => {
    proxy.script(startRequest, { kind: "drop-answer" });
    expect(await exec("sleep 0.5; exit 6")).toMatchObject({ exitCode: 6, outputLost: true });
  });

  test("before its start arrived, whether it ran is said to be unknown", async () => {
    proxy.script(startRequest, { kind: "drop-request" });
    await expect(exec("echo hello")).rejects.toMatchObject({
      code: "unavailable",
      details: { unknown: true },
      hint: expect.any(String),
    });
  });

  test("after its start was lost, it is killed when its time is over", async () => {
    proxy.script(startRequest, { kind: "drop-answer" });
    expect(await exec("sleep 97", { timeoutSeconds: 2 })).toMatchObject({ timedOut: true, killed: true });
  });
});

describe("when the engine", () => {
  test("refuses the start, it is an error and nothing is unknown", async () => {
    for (const status of [409, 500]) {
      proxy.script(startRequest, { kind: "answer", status });
      const error = await exec("echo hello").catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: "failed_precondition" });
      expect(error).not.toMatchObject({ details: { unknown: true } });
    }
  });

  test("does not take it because the container has ended meanwhile, the error says so", async () => {
    proxy.script(createRequest, { kind: "answer", status: 409 });
    await expect(exec("echo hello")).rejects.toMatchObject({
      code: "failed_precondition",
      hint: expect.stringContaining("Start it"),
    });
  });

  test("fails when asked how it ended, it is asked again", async () => {
    proxy.script(inspectRequest, { kind: "answer", status: 500 }, 2);
    expect(await exec("exit 7")).toMatchObject({ exitCode: 7 });
  });

  test("hangs when asked how it ended, it is asked again", async () => {
    proxy.script(inspectRequest, { kind: "hang-request" });
    expect(await exec("exit 7")).toMatchObject({ exitCode: 7 });
  }, 30_000);

  test("no longer knows it, how it ended is said to be unknown", async () => {
    proxy.script(inspectRequest, { kind: "answer", status: 404 }, 9);
    await expect(exec("exit 7")).rejects.toMatchObject({ code: "unavailable", details: { unknown: true } });
  });

  test("has no code for it, that is no success", async () => {
    const change = (body: unknown) => ({ ...(body as object), ExitCode: null });
    proxy.script(inspectRequest, { kind: "rewrite-answer", change }, 3);
    expect(await exec("exit 7")).toMatchObject({ exitCode: 7 });
  });

  test("does not answer the start, the command's time is over all the same", async () => {
    proxy.script(startRequest, { kind: "hold-answer" });
    expect(await exec("sleep 96", { timeoutSeconds: 1 })).toMatchObject({ timedOut: true, killed: true });
  });

  test("does not answer the start, cancelling ends the call and does not say that nothing ran", async () => {
    proxy.script(startRequest, { kind: "hang-request" });
    const stop = new AbortController();
    const running = exec("echo hello", {}, { signal: stop.signal });
    await proxy.seen(startRequest);
    stop.abort();
    await expect(running).rejects.toMatchObject({ details: { unknown: true } });
  });

  test("is asked for nothing once the call was cancelled", async () => {
    const stop = new AbortController();
    proxy.script(inspectContainer, { kind: "hang-request" });
    const running = exec("echo hello", {}, { signal: stop.signal });
    await proxy.seen(inspectContainer);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    expect(proxy.requests.some((request) => createRequest.test(request))).toBe(false);
  });
});
