import { randomBytes } from "node:crypto";
import { createSigner, type Engine, type ExecRequest, type ExecResult } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import {
  callEngine,
  containersWith,
  enginePath,
  type RawContainer,
  removeContainersWith,
  startRawContainer,
} from "../testing/raw-engine.ts";

const label = `user.test=kill-${randomBytes(4).toString("hex")}`;
const purpose = "cos.purpose=kills a command in another container";
const pause = /^POST \/containers\/[0-9a-f]+\/pause/;
const unpause = /^POST \/containers\/[0-9a-f]+\/unpause/;

let proxy: FaultProxy;
let engine: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connect();
});
afterEach(async () => {
  try {
    await engine.close();
    for (const id of await containersWith(label)) expect(await helpersOf(id), "helpers left behind").toEqual([]);
  } finally {
    await proxy[Symbol.asyncDispose]();
    await removeContainersWith(label);
  }
});

const signer = createSigner(randomBytes(32));
const connect = (helperImage?: string) => connectDocker({ host: proxy.host, signer, helperImage });

/** A container with a process besides its own, as a service would have. */
async function startService(container: Partial<RawContainer> = {}): Promise<string> {
  const id = await startRawContainer(label, {
    command: "sleep 1001 & while :; do sleep 1002; done",
    ...container,
    hostConfig: { Init: true, PidsLimit: 128, ...container.hostConfig },
  });
  await vi.waitFor(async () => expect((await processesIn(id)).length).toBeGreaterThanOrEqual(3));
  return id;
}

/** The command lines of what runs in a container, the dead ones left out. */
async function processesIn(id: string): Promise<string[]> {
  const { Processes } = await callEngine<{ Processes: string[][] }>(
    "GET",
    `/containers/${id}/top?ps_args=${encodeURIComponent("-o pid,state,args")}`,
  );
  return Processes.filter(([, state]) => state !== "Z")
    .map((columns) => columns.slice(2).join(" "))
    .toSorted();
}

/** The helpers that there are for a container. */
async function helpersOf(id: string): Promise<string[]> {
  const modes = await Promise.all(
    (await containersWith(purpose)).map(
      async (helper) =>
        (await callEngine<{ HostConfig?: { PidMode: string } }>("GET", `/containers/${helper}/json`)).HostConfig
          ?.PidMode,
    ),
  );
  return modes.filter((mode) => mode === `container:${id}`) as string[];
}

const until = async (look: () => Promise<void>) => vi.waitFor(look, { timeout: 10_000, interval: 50 });

async function killed(id: string, command: ExecRequest["command"], more: Partial<ExecRequest> = {}) {
  return await engine.containers.exec(id, { command, timeoutSeconds: 1, ...more });
}

describe("a command that overruns is killed", () => {
  test.each<[string, ExecRequest["command"]]>([
    ["alone", ["sleep", "100"]],
    ["with its background", "sleep 101 & sleep 102 & sleep 103"],
    ["with a child in a session of its own", "setsid sleep 104 & sleep 105"],
    ["with parent and children that ignore SIGTERM", 'trap "" TERM; sleep 106 & while :; do sleep 0.2; done'],
    [
      "with what has cut off its descent and its environment",
      "env -i setsid sh -c 'setsid sleep 107 & exit' & sleep 108",
    ],
    ["with a child that is stopped", 'sleep 109 & kill -STOP $!; trap "" TERM; wait; sleep 110'],
    [
      "with what starts a successor and ends, all the time",
      `trap "" TERM
       echo 'BEGIN { while (system("awk -f /tmp/runner &") != 0); }' > /tmp/runner
       awk -f /tmp/runner; awk -f /tmp/runner; sleep 124`,
    ],
    [
      "with what forks as fast as it can and ignores SIGTERM",
      `trap "" TERM; awk 'BEGIN { while (1) system("sleep 2 &") }' & awk 'BEGIN { while (1) system("sleep 2 &") }'`,
    ],
  ])("%s, and the container's own processes run on", async (_what, command) => {
    const id = await startService();
    const before = await processesIn(id);
    expect(await killed(id, command)).toMatchObject({ timedOut: true, killed: true });
    await until(async () => expect(await processesIn(id)).toEqual(before));
    expect((await engine.containers.get(id)).state).toBe("running");
  });

  test("after it was asked to end, with what it then does", async () => {
    const id = await startService();
    const result = await killed(id, "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    expect(result).toMatchObject({ timedOut: true, killed: true, stdout: "ready\nbye\n" });
  });

  test("and another command in the container runs on", async () => {
    const id = await startService();
    const other = engine.containers.exec(id, { command: "sleep 3; echo done" });
    expect(await killed(id, "sleep 111 & sleep 112")).toMatchObject({ killed: true });
    expect(await other).toMatchObject({ exitCode: 0, stdout: "done\n" });
  });

  test("as another user than the container's", async () => {
    const id = await startService({ body: { User: "1000:1000" } });
    const before = await processesIn(id);
    expect(await killed(id, "setsid sleep 113 & sleep 114", { user: "2000" })).toMatchObject({ killed: true });
    await until(async () => expect(await processesIn(id)).toEqual(before));
  });

  test("by a helper that is gone afterwards, and without halting the container", async () => {
    const id = await startService();
    expect(await killed(id, ["sleep", "115"])).toMatchObject({ killed: true });
    await engine.close();
    expect(await helpersOf(id)).toEqual([]);
    expect(proxy.requests.filter((request) => pause.test(request))).toEqual([]);
  });
});

test("a command whose container ends while it is to be killed has ended with it", async () => {
  const id = await startService();
  const create = /^POST \/containers\/create/;
  let ended = () => {};
  proxy.script(create, { kind: "hold-answer", until: new Promise<void>((resolve) => (ended = resolve)) });
  const running = killed(id, ["sleep", "128"]);
  await proxy.seen(create);
  await callEngine("POST", `/containers/${id}/kill`);
  ended();
  const result = await running;
  expect(result).toMatchObject({ exitCode: 137 });
  expect(result.killed).not.toBe(false);
});

describe("where the helper can do less", () => {
  test("an init that the command has killed proves nothing", async () => {
    const id = await startService();
    const result = await killed(id, "kill -STOP $PPID; (sleep 0.5; kill -9 $PPID) & sleep 116", { timeoutSeconds: 2 });
    expect(result.killed).not.toBe(true);
  });

  test("a container without an init proves the end of an ordinary command", async () => {
    const id = await startService({ hostConfig: { Init: false } });
    const before = await processesIn(id);
    expect(await killed(id, "sleep 117 & setsid sleep 118 & sleep 119")).toMatchObject({ killed: true });
    await until(async () => expect(await processesIn(id)).toEqual(before));
  });

  test("a container without an init does not prove the end of one that has hidden something", async () => {
    const id = await startService({ hostConfig: { Init: false } });
    const result = await killed(id, "env -i setsid sh -c 'setsid sleep 120 & exit' & sleep 121");
    expect(result).toMatchObject({ timedOut: true, killed: false, hint: expect.stringContaining("no init") });
  });

  test("nothing is killed among processes that containers share", async () => {
    const id = await startService({ hostConfig: { PidMode: "host" } });
    const result = await killed(id, ["sleep", "3"]);
    expect(result).toMatchObject({ timedOut: true, killed: false, hint: expect.stringContaining("shares") });
    expect(proxy.requests.filter((request) => request.includes("name=cos-exec-"))).toEqual([]);
  });

  test("without an image for it, commands run and overrun, and it is said what to do", async () => {
    await using bare = await connect("cos-test/no-such-image:1");
    const id = await startService();
    expect(await bare.containers.exec(id, { command: "echo hello" })).toMatchObject({ exitCode: 0 });
    const result: ExecResult = await bare.containers.exec(id, { command: "echo a; sleep 3", timeoutSeconds: 1 });
    expect(result).toMatchObject({
      timedOut: true,
      killed: false,
      stdout: "a\n",
      hint: expect.stringContaining("docker pull busybox"),
    });
    expect(result).not.toHaveProperty("exitCode");
    expect((await bare.info()).helperImage).toBeUndefined();
  });

  test("a helper that is lost is replaced by another", async () => {
    const id = await startService();
    proxy.script(/^POST \/containers\/[0-9a-f]+\/attach/, { kind: "drop-request" });
    expect(await killed(id, ["sleep", "122"])).toMatchObject({ killed: true });
  });

  test("a helper that the engine builds otherwise is not started", async () => {
    const id = await startService();
    proxy.script(
      /^GET \/containers\/[0-9a-f]+\/json/,
      {
        kind: "rewrite-answer",
        change: (body) => {
          const { HostConfig, ...rest } = body as { HostConfig: object };
          return { ...rest, HostConfig: { ...HostConfig, PidMode: "host" } };
        },
      },
      9,
    );
    const result = await killed(id, ["sleep", "123"]);
    expect(result).toMatchObject({ timedOut: true, killed: false });
    expect(result.hint).toMatch(/shares|built another helper/);
  });
});

describe("a container is halted only for what survives being killed", () => {
  /** Has the helper say of its first attempt that it was not enough. */
  const leaveOne = () => {
    proxy.script(/^POST \/containers\/[0-9a-f]+\/attach/, { kind: "replace-text", from: "left=0", to: "left=1" });
  };

  test("which does not survive that, and the container goes on", async () => {
    const id = await startService();
    const before = await processesIn(id);
    leaveOne();
    expect(await killed(id, "sleep 124 & sleep 125")).toMatchObject({ timedOut: true, killed: true });
    expect(proxy.requests.filter((request) => pause.test(request) || unpause.test(request))).toHaveLength(2);
    expect((await engine.containers.get(id)).state).toBe("running");
    await until(async () => expect(await processesIn(id)).toEqual(before));
  });

  test("and goes on when the first request for that is lost", async () => {
    const id = await startService();
    proxy.script(unpause, { kind: "drop-request" });
    leaveOne();
    expect(await killed(id, ["sleep", "126"])).toMatchObject({ killed: true });
    expect((await engine.containers.get(id)).state).toBe("running");
  });

  test("and goes on when cos dies meanwhile, as soon as another one recovers", async () => {
    const id = await startService();
    proxy.script(unpause, { kind: "drop-request" }, 9);
    leaveOne();
    expect(await killed(id, ["sleep", "127"])).toMatchObject({
      killed: false,
      hint: expect.stringContaining("halted"),
    });
    expect((await engine.containers.get(id)).state).toBe("paused");
    proxy.script(unpause, { kind: "slice-answer", bytes: 100 }, 9);
    await using other = await connect();
    await until(async () => expect(await other.containers.recover()).toEqual([id]));
    expect((await other.containers.get(id)).state).toBe("running");
    expect(await other.containers.recover()).toEqual([]);
  });

  test("and stays halted when somebody else has halted it", async () => {
    const id = await startService();
    expect(await engine.containers.exec(id, { command: "true" })).toMatchObject({ exitCode: 0 });
    await callEngine("POST", `/containers/${id}/pause`);
    expect(await engine.containers.recover()).toEqual([]);
    await expect(engine.containers.exec(id, { command: "true" })).rejects.toMatchObject({
      code: "failed_precondition",
      hint: expect.stringContaining("paused"),
    });
    expect((await engine.containers.get(id)).state).toBe("paused");
  });
});
