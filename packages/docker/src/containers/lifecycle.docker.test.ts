import { randomBytes } from "node:crypto";
import { createSigner, type Engine } from "@cos/core";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import {
  callEngine,
  createRawContainer,
  enginePath,
  removeContainersWith,
  startRawContainer,
} from "../testing/raw-engine.ts";

const label = `user.test=lifecycle-${randomBytes(4).toString("hex")}`;
const deedOn = (deed: "stop" | "restart") => new RegExp(`^POST /containers/[0-9a-f]+/${deed}`);
const remove = /^DELETE \/containers\//;

let proxy: FaultProxy;
let engine: Engine;

beforeEach(async () => {
  proxy = await FaultProxy.start(enginePath());
  engine = await connectDocker({ host: proxy.host, signer: createSigner(randomBytes(32)) });
});
afterEach(async () => {
  await engine.close();
  await proxy[Symbol.asyncDispose]();
  await removeContainersWith(label);
});

const startSleeper = () => startRawContainer(label, { command: "exec sleep 600" });
/** The first process of a container gets no signal that it does not handle, except SIGKILL. */
const startStubborn = () => startRawContainer(label, { command: "exec sleep 600", hostConfig: { Init: false } });

describe("a container that does not end when it is asked to", () => {
  test("is killed after the grace", async () => {
    const id = await startStubborn();
    await engine.containers.stop(id, { graceSeconds: 1 });
    expect(await engine.containers.get(id)).toMatchObject({ state: "exited", exitCode: 137 });
  });

  test("is killed in the end, also when nobody waits for it any more", async () => {
    const id = await startStubborn();
    const stop = new AbortController();
    const stopping = engine.containers.stop(id, { graceSeconds: 1, signal: stop.signal });
    await proxy.seen(deedOn("stop"));
    stop.abort();
    await expect(stopping).rejects.toMatchObject({ code: "cancelled", details: { unknown: true } });
    await expect
      .poll(() => engine.containers.get(id), { timeout: 10_000 })
      .toMatchObject({ state: "exited", exitCode: 137 });
  });
});

describe("a paused container", () => {
  test("is stopped like a running one, and not removed without force", async () => {
    const id = await startSleeper();
    await callEngine("POST", `/containers/${id}/pause`);
    await expect(engine.containers.remove(id, { force: false })).rejects.toMatchObject({ code: "conflict" });
    await engine.containers.stop(id);
    expect(await engine.containers.get(id)).toMatchObject({ state: "exited" });
  });
});

describe("a container that does not start again", () => {
  test.each<[string, Parameters<typeof createRawContainer>[1], string]>([
    [
      "its program does not exist",
      { command: "", body: { Cmd: ["no-such-program"] }, hostConfig: { Init: false } },
      "no-such-program",
    ],
    ["its network is gone", { command: "true", hostConfig: { NetworkMode: "cos-no-such-network" } }, "no-such-network"],
  ])("because %s is a failed precondition that says why", async (_why, container, reason) => {
    const id = await createRawContainer(label, container);
    await expect(engine.containers.restart(id)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(reason) as string,
      hint: expect.any(String) as string,
    });
  });

  test.each([
    [400, { message: "invalid argument" }, "failed_precondition"],
    [404, { message: "network cos-x not found" }, "failed_precondition"],
    [404, { message: "No such container: x" }, "not_found"],
    [409, { message: "container is marked for removal and cannot be started" }, "failed_precondition"],
    [403, { message: "authorization denied by plugin" }, "denied"],
    [503, { message: "engine is shutting down" }, "unavailable"],
  ])("because the engine answers %i %j is %s", async (status, body, code) => {
    const id = await startSleeper();
    proxy.script(deedOn("restart"), { kind: "answer", status, body });
    await expect(engine.containers.restart(id)).rejects.toMatchObject({ code });
  });
});

describe("removing", () => {
  test("takes anonymous volumes along, also without force", async () => {
    const hostConfig = { Mounts: [{ Type: "volume", Target: "/data" }] };
    const id = await startRawContainer(label, { command: "true", hostConfig });
    const { Mounts } = await callEngine<{ Mounts: { Name: string }[] }>("GET", `/containers/${id}/json`);
    await engine.containers.stop(id);
    await engine.containers.remove(id, { force: false });
    const { Volumes } = await callEngine<{ Volumes: { Name: string }[] | null }>("GET", "/volumes");
    expect(Mounts).toHaveLength(1);
    expect((Volumes ?? []).map(({ Name }) => Name)).not.toContain(Mounts[0]?.Name);
  });

  test.each([true, false])("what is being removed already succeeds (force: %s)", async (force) => {
    const id = await startSleeper();
    const body = { message: `removal of container ${id} is already in progress` };
    proxy.script(remove, { kind: "answer", status: 409, body });
    await expect(engine.containers.remove(id, { force })).resolves.toBeUndefined();
  });

  test("tells what the engine says of a conflict, apart from its own words", async () => {
    const id = await startSleeper();
    await expect(engine.containers.remove(id, { force: false })).rejects.toMatchObject({
      message: "The container has not ended.",
      details: { status: 409, engineSays: expect.stringContaining(id) as string },
    });
  });
});

describe("an engine that fails meanwhile", () => {
  test.each(["drop-sent", "drop-answer"] as const)(
    "leaves it unknown whether a container was stopped, restarted or removed (%s)",
    async (kind) => {
      const id = await startSleeper();
      for (const route of [deedOn("stop"), deedOn("restart"), remove]) proxy.script(route, { kind });
      const unknown = { code: "unavailable", details: { unknown: true } };
      await expect(engine.containers.stop(id)).rejects.toMatchObject(unknown);
      await expect.poll(() => engine.containers.get(id), { timeout: 10_000 }).toMatchObject({ state: "exited" });
      await expect(engine.containers.restart(id)).rejects.toMatchObject(unknown);
      await expect.poll(() => engine.containers.get(id), { timeout: 10_000 }).toMatchObject({ state: "running" });
      await expect(engine.containers.remove(id)).rejects.toMatchObject(unknown);
      await expect
        .poll(() => engine.containers.get(id).catch((error: unknown) => error), { timeout: 10_000 })
        .toMatchObject({ code: "not_found" });
    },
  );

  test.each(["stop", "restart"] as const)("is given half a minute beyond the grace, and no more: %s", async (deed) => {
    const id = await startSleeper();
    proxy.script(deedOn(deed), { kind: "hang-request" });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let settled = false;
    const waiting = engine.containers[deed](id, { graceSeconds: 100 }).finally(() => {
      settled = true;
    });
    waiting.catch(() => undefined);
    await proxy.seen(deedOn(deed));
    await vi.advanceTimersByTimeAsync(129_999);
    expect(settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await expect(waiting).rejects.toMatchObject({ code: "deadline_exceeded", details: { unknown: true } });
  });
});
