import { randomBytes } from "node:crypto";
import {
  type Engine,
  createSigner,
  defineWorkload,
  type JobRequest,
  type OutputSink,
  type WorkloadInput,
} from "@cos/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { callEngine, containersWith, enginePath, removeContainersWith } from "../testing/raw-engine.ts";

const testRun = `run-job-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
const create = /^POST \/containers\/create/;
const start = /^POST \/containers\/[0-9a-f]+\/start/;
const attach = /^POST \/containers\/[0-9a-f]+\/attach/;
const wait = /^POST \/containers\/[0-9a-f]+\/wait/;
const kill = /^POST \/containers\/[0-9a-f]+\/kill/;
const inspect = /^GET \/containers\/[^/]+\/json/;
const remove = /^DELETE \/containers\//;
const events = /^GET \/events/;

/** Says that it runs, and ends with exit code 7 as soon as it is sent SIGTERM. */
const untilTold = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done";

let proxy: FaultProxy;
let engine: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  try {
    await engine.close();
    expect(await containersWith(label), "containers left behind").toEqual([]);
  } finally {
    await proxy[Symbol.asyncDispose]();
    await removeContainersWith(label);
  }
});

function job(command: string | string[], spec: Partial<WorkloadInput> = {}): JobRequest {
  const defaults = { env: { image: "busybox:latest" }, pull: "never", timeoutSeconds: 30 } as const;
  return { owner: "tester", spec: defineWorkload({ ...defaults, labels: { "user.test": testRun }, command, ...spec }) };
}

/** Starts a job and resolves with its running container once it has written something. */
async function running(command: string, options: { signal?: AbortSignal; spec?: Partial<WorkloadInput> } = {}) {
  let ready = () => {};
  const wrote = new Promise<void>((resolve) => (ready = resolve));
  const output: OutputSink = () => ready();
  const result = engine.jobs.run(job(command, options.spec), { output, signal: options.signal });
  await Promise.race([wrote, result]);
  const [id = ""] = await containersWith(label);
  return { id, result, tellToEnd: () => callEngine("POST", `/containers/${id}/kill?signal=TERM`) };
}

describe("output", () => {
  test("every byte arrives when the connection delivers single bytes", async () => {
    proxy.script(attach, { kind: "slice-answer", bytes: 1 });
    const result = await engine.jobs.run(job('for i in 1 2 3 4 5 6 7 8 9; do echo "grüß $i"; echo "err $i" >&2; done'));
    const lines = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: lines.map((i) => `grüß ${i}\n`).join(""),
      stderr: lines.map((i) => `err ${i}\n`).join(""),
      outputLost: false,
    });
  });

  test("every answer in pieces of three bytes makes no difference", async () => {
    proxy.script(/./, { kind: "slice-answer", bytes: 3 }, Infinity);
    expect(await engine.jobs.run(job("cat; exit 7", { stdin: "hello" }))).toMatchObject({
      exitCode: 7,
      stdout: "hello",
      outputLost: false,
    });
  });

  test.each([
    ["in the header of a frame", 4],
    ["in the payload of a frame", 10],
  ])("an attach that is cut %s is lost output, with the right exit code", async (_where, bodyBytes) => {
    proxy.script(attach, { kind: "cut-answer", bodyBytes });
    const result = await engine.jobs.run(job("echo hello; exit 7"));
    expect(result).toMatchObject({ exitCode: 7, outputLost: true });
    expect("hello\n").toContain(result.stdout);
  });

  test("an attach that stops delivering is given up, and the output counts as lost", async () => {
    proxy.script(attach, { kind: "cut-answer", bodyBytes: 10, hang: true });
    expect(await engine.jobs.run(job("echo hello; exit 7"))).toMatchObject({
      exitCode: 7,
      stdout: "he",
      outputLost: true,
    });
  });

  test("a consumer that is slow gets everything, however long after the end of the job", async () => {
    let bytes = 0;
    let first = true;
    const output: OutputSink = async ({ data }) => {
      bytes += data.byteLength;
      if (!first) return;
      first = false;
      await vi.waitFor(
        async () => {
          const [id] = await containersWith(label);
          const { State } = await callEngine<{ State: { Running: boolean } }>("GET", `/containers/${id}/json`);
          expect(State.Running).toBe(false);
        },
        { timeout: 20_000 },
      );
      await new Promise((resolve) => setTimeout(resolve, 6_000));
    };
    const result = await engine.jobs.run(job("head -c 600000 /dev/zero"), { output });
    expect(result).toMatchObject({ exitCode: 0, outputLost: false, timedOut: false });
    expect(bytes).toBe(600_000);
  });
});

describe("the end of a job", () => {
  test("is known by its event when the wait is cut", async () => {
    const { result, tellToEnd } = await running(untilTold);
    expect(proxy.cut(wait)).toBe(1);
    await tellToEnd();
    expect(await result).toMatchObject({ exitCode: 7, stdout: "ready\nbye\n", outputLost: false });
  });

  test("is known by the wait when the events are cut", async () => {
    const { result, tellToEnd } = await running(untilTold);
    expect(proxy.cut(events)).toBe(1);
    await tellToEnd();
    expect(await result).toMatchObject({ exitCode: 7, stdout: "ready\nbye\n", outputLost: false });
    expect(await engine.jobs.run(job("exit 3")), "the next job opens the events again").toMatchObject({ exitCode: 3 });
    expect(proxy.requests.filter((request) => events.test(request))).toHaveLength(2);
  });

  test("is found by asking when both are cut, and output counts as lost", async () => {
    const { result, tellToEnd } = await running(untilTold);
    const asked = proxy.requests.length;
    proxy.cut(wait);
    proxy.cut(events);
    await vi.waitFor(() => expect(proxy.requests.slice(asked).some((request) => wait.test(request))).toBe(true));
    await tellToEnd();
    expect(await result).toMatchObject({ exitCode: 7, outputLost: true });
  });

  test("is found when every connection breaks at once", async () => {
    const { result, tellToEnd } = await running(untilTold);
    expect(proxy.cut(/./)).toBeGreaterThanOrEqual(3);
    await tellToEnd();
    expect(await result).toMatchObject({ exitCode: 7, outputLost: true });
  });

  test("is found when the job ends while the engine does not answer", async () => {
    const { result, tellToEnd } = await running(untilTold);
    const before = proxy.requests.filter((request) => inspect.test(request)).length;
    proxy.script(inspect, { kind: "drop-request" }, 3);
    proxy.cut(/./);
    await tellToEnd();
    await proxy.seen(inspect, before + 4);
    expect(await result).toMatchObject({ exitCode: 7, outputLost: true });
  });

  test("is right when the wait is answered with nonsense", async () => {
    proxy.script(wait, { kind: "answer", status: 200, body: "nonsense" });
    expect(await engine.jobs.run(job("exit 7"))).toMatchObject({ exitCode: 7 });
  });
});

describe("killing", () => {
  test("a timeout kills, also when the first attempts fail", async () => {
    proxy.script(kill, { kind: "answer", status: 500 });
    proxy.script(kill, { kind: "drop-request" });
    expect(await engine.jobs.run(job("sleep 60", { timeoutSeconds: 1 }))).toMatchObject({
      exitCode: 137,
      timedOut: true,
    });
    expect(proxy.requests.filter((request) => kill.test(request))).toHaveLength(3);
  });

  test("cancelling kills, also when the answer is lost", async () => {
    proxy.script(kill, { kind: "drop-answer" });
    const stop = new AbortController();
    const { result } = await running(untilTold, { signal: stop.signal });
    stop.abort();
    expect(await result).toMatchObject({ exitCode: 137, cancelled: true, stdout: "ready\n" });
  });

  test("closing the connection to the engine kills", async () => {
    const { result } = await running(untilTold);
    await engine.close();
    expect(await result).toMatchObject({ exitCode: 137, cancelled: true });
  });

  test("a job that ended in time is not called cancelled because its consumer was slow", async () => {
    const stop = new AbortController();
    const output: OutputSink = async () => {
      await proxy.seen(start);
      await vi.waitFor(async () => {
        const [id] = await containersWith(label);
        const { State } = await callEngine<{ State: { Running: boolean } }>("GET", `/containers/${id}/json`);
        expect(State.Running).toBe(false);
      });
      // The engine tells everybody of the end before it says that the container has ended.
      await new Promise((resolve) => setTimeout(resolve, 200));
      stop.abort();
    };
    expect(await engine.jobs.run(job("echo hello"), { output, signal: stop.signal })).toMatchObject({
      exitCode: 0,
      cancelled: false,
    });
  });
});

describe("starting", () => {
  test("a start whose answer comes after the end of the job makes no difference", async () => {
    const over = new Promise<void>((resolve) => {
      void proxy.seen(start).then(async () => {
        await vi.waitFor(
          async () => {
            const [id] = await containersWith(label);
            const { State } = await callEngine<{ State: { Status: string } }>("GET", `/containers/${id}/json`);
            expect(State.Status).toBe("exited");
          },
          { timeout: 20_000 },
        );
        resolve();
      });
    });
    proxy.script(start, { kind: "hold-answer", until: over });
    expect(await engine.jobs.run(job("echo hello; exit 7"))).toMatchObject({
      exitCode: 7,
      stdout: "hello\n",
      outputLost: false,
    });
  });

  test.each(["drop-answer", "drop-sent"] as const)(
    "a start whose answer is lost (%s) is looked after",
    async (kind) => {
      proxy.script(start, { kind });
      expect(await engine.jobs.run(job("echo hello; exit 7"))).toMatchObject({
        exitCode: 7,
        stdout: "hello\n",
        outputLost: false,
      });
    },
  );

  test("a start that never reached the engine is an error that can be repeated", async () => {
    proxy.script(start, { kind: "drop-request" });
    await expect(engine.jobs.run(job("echo hello"))).rejects.toMatchObject({
      code: "unavailable",
      hint: "Run it again.",
    });
  });

  test("a start that the engine refuses is an error", async () => {
    proxy.script(start, { kind: "answer", status: 500, body: { message: "no space left on device" } });
    await expect(engine.jobs.run(job("echo hello"))).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("no space left on device") as string,
    });
  });

  test.each([
    ["attach", attach],
    ["wait", wait],
    ["events", events],
    ["inspect", inspect],
  ])("without %s nothing is started", async (_name, route) => {
    proxy.script(route, { kind: "drop-request" });
    await expect(engine.jobs.run(job("echo hello"))).rejects.toMatchObject({ code: "unavailable" });
    expect(proxy.requests.filter((request) => start.test(request))).toEqual([]);
  });

  test("cancelling while an attach hangs does not wait for it", async () => {
    proxy.script(attach, { kind: "hang-request" });
    const stop = new AbortController();
    const result = engine.jobs.run(job("echo hello"), { signal: stop.signal });
    await proxy.seen(attach);
    stop.abort();
    await expect(result).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("creating", () => {
  test("a container whose create lost its answer is found by its name and used", async () => {
    proxy.script(create, { kind: "drop-answer" });
    expect(await engine.jobs.run(job("echo hello; exit 7"))).toMatchObject({ exitCode: 7, stdout: "hello\n" });
    expect(proxy.requests.filter((request) => create.test(request))).toHaveLength(1);
  });

  test("a create whose answer is cut in the middle is followed up too", async () => {
    proxy.script(create, { kind: "cut-answer", bodyBytes: 20 });
    expect(await engine.jobs.run(job("exit 7"))).toMatchObject({ exitCode: 7 });
  });

  test("a create that breaks off while the engine is at it leaves nothing behind", async () => {
    proxy.script(create, { kind: "drop-sent" });
    const result = await engine.jobs.run(job("exit 7")).then(
      ({ exitCode }) => exitCode,
      (error: { code: string }) => error.code,
    );
    expect([7, "unavailable"]).toContain(result);
  });

  test("a create that never reached the engine is an error", async () => {
    proxy.script(create, { kind: "drop-request" });
    await expect(engine.jobs.run(job("exit 7"))).rejects.toMatchObject({ code: "unavailable" });
  });

  test.each([
    [500, "internal"],
    [409, "already_exists"],
    [404, "not_found"],
  ])("a create answered %i is the error %s", async (status, code) => {
    proxy.script(create, { kind: "answer", status });
    await expect(engine.jobs.run(job("exit 7"))).rejects.toMatchObject({ code });
  });

  test("a create that hangs can be cancelled", async () => {
    proxy.script(create, { kind: "hang-request" });
    const stop = new AbortController();
    const result = engine.jobs.run(job("exit 7"), { signal: stop.signal });
    await proxy.seen(create);
    stop.abort();
    await expect(result).rejects.toMatchObject({ code: "cancelled" });
  });

  test("a create cancelled while the engine is at it leaves nothing behind", async () => {
    proxy.script(create, { kind: "hold-answer" });
    const stop = new AbortController();
    const result = engine.jobs.run(job("exit 7"), { signal: stop.signal });
    await proxy.seen(create);
    stop.abort();
    await expect(result).rejects.toMatchObject({ code: "cancelled" });
  });

  test.each<[string, (body: any) => void]>([
    ["NetworkMode", (body) => (body.HostConfig.NetworkMode = "host")],
    ["Memory", (body) => (body.HostConfig.Memory = 0)],
    ["Privileged", (body) => (body.HostConfig.Privileged = true)],
    ["Networks", (body) => (body.NetworkSettings.Networks = { none: {}, bridge: {} })],
    ["CapAdd", (body) => (body.HostConfig.CapAdd = ["SYS_ADMIN"])],
  ])(
    "a container that the engine built with another %s is refused and removed before it starts",
    async (field, change) => {
      proxy.script(inspect, { kind: "rewrite-answer", change: (body) => (change(body), body) });
      await expect(engine.jobs.run(job("echo hello"))).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining(field) as string,
      });
      expect(proxy.requests.filter((request) => start.test(request))).toEqual([]);
    },
  );

  test("a container that the engine warns about is refused and removed before it starts", async () => {
    const warning = "Your kernel does not support pids limit capabilities. PIDs limit discarded.";
    proxy.script(create, { kind: "rewrite-answer", change: (body) => ({ ...(body as object), Warnings: [warning] }) });
    await expect(engine.jobs.run(job("echo hello"))).rejects.toMatchObject({
      code: "failed_precondition",
      details: { warnings: [warning] },
    });
    expect(proxy.requests.filter((request) => start.test(request))).toEqual([]);
  });
});

describe("removing", () => {
  test.each<[string, Parameters<FaultProxy["script"]>[1]]>([
    ["answers 500", { kind: "answer", status: 500 }],
    ["drops the connection", { kind: "drop-request" }],
    ["loses the answer", { kind: "drop-answer" }],
  ])("is repeated when the engine %s", async (_what, fault) => {
    proxy.script(remove, fault);
    expect(await engine.jobs.run(job("exit 7"))).toMatchObject({ exitCode: 7 });
    await proxy.seen(remove, 2);
  });
});
