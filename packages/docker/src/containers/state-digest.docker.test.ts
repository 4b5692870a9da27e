import { randomBytes } from "node:crypto";
import { createSigner, type Engine } from "@cos/core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { callEngine, createRawContainer, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const testRun = `state-digest-${randomBytes(4).toString("hex")}`;
const label = `user.test=${testRun}`;
const sleeper = { command: "exec sleep 600" };

let engine: Engine;

beforeAll(async () => {
  engine = await connectDocker({ signer: createSigner(randomBytes(32)) });
});
afterAll(async () => {
  await engine.close();
  await removeContainersWith(label);
});

interface Inspected {
  readonly RestartCount: number;
  readonly State: { readonly Running: boolean; readonly Health?: { readonly Log: readonly unknown[] } };
}

const inspect = (id: string) => callEngine<Inspected>("GET", `/containers/${id}/json`);
const digestOf = async (id: string) => (await engine.containers.get(id)).details?.stateDigest;

describe("the state digest of a container stays", () => {
  test("while its health is checked", async () => {
    const Healthcheck = { Test: ["CMD", "true"], Interval: 100_000_000, Timeout: 5_000_000_000 };
    const id = await startRawContainer(label, { ...sleeper, body: { Healthcheck } });
    const before = await digestOf(id);
    const checks = async () => (await inspect(id)).State.Health?.Log.length ?? 0;
    await expect.poll(checks, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    expect(await digestOf(id)).toBe(before);
  });

  test("while its linked containers are listed in another order each time", async () => {
    const others = await Promise.all([1, 2, 3, 4].map(() => startRawContainer(label, bridged())));
    const Links = others.map((other, index) => `${other}:other${index}`);
    const id = await startRawContainer(label, bridged({ Links }));
    const digests = new Set<string | undefined>();
    for (let time = 0; time < 20; time++) digests.add(await digestOf(id));
    expect(digests.size).toBe(1);
  });

  test("when it ends", async () => {
    const id = await startRawContainer(label, sleeper);
    const before = await digestOf(id);
    await callEngine("POST", `/containers/${id}/kill`);
    await expect.poll(async () => (await inspect(id)).State.Running).toBe(false);
    expect(await digestOf(id)).toBe(before);
  });

  test("while the engine starts it again and again", async () => {
    const RestartPolicy = { Name: "on-failure", MaximumRetryCount: 4 };
    const id = await startRawContainer(label, { command: "exit 1", hostConfig: { RestartPolicy } });
    const restarts = async () => (await inspect(id)).RestartCount;
    await expect.poll(restarts, { timeout: 20_000 }).toBeGreaterThanOrEqual(1);
    const before = await digestOf(id);
    await expect.poll(restarts, { timeout: 20_000 }).toBe(4);
    expect(await digestOf(id)).toBe(before);
  });
});

describe("the state digest of a container changes", () => {
  test.each<[string, (id: string) => Promise<unknown>]>([
    ["renamed", (id) => callEngine("POST", `/containers/${id}/rename?name=${testRun}`)],
    ["restarted", (id) => callEngine("POST", `/containers/${id}/restart?t=0`)],
    ["given another limit", (id) => callEngine("POST", `/containers/${id}/update`, { PidsLimit: 50 })],
    [
      "given another restart policy",
      (id) => callEngine("POST", `/containers/${id}/update`, { RestartPolicy: { Name: "always" } }),
    ],
    ["connected to a network", async (id) => connect(await createNetwork(), id)],
  ])("when it is %s", async (_what, change) => {
    const id = await startRawContainer(label, bridged());
    const before = await digestOf(id);
    await change(id);
    expect(await digestOf(id)).not.toBe(before);
  });

  test("when it is disconnected from a network, and when that network is made anew", async () => {
    const id = await startRawContainer(label, bridged());
    const digests = [await digestOf(id)];
    for (const name of [`${testRun}-again`, `${testRun}-again`]) {
      const network = await createNetwork(name);
      await connect(network, id);
      digests.push(await digestOf(id));
      await callEngine("POST", `/networks/${network}/disconnect`, { Container: id, Force: true });
      expect(await digestOf(id)).toBe(digests[0]);
      await callEngine("DELETE", `/networks/${network}`);
    }
    expect(new Set(digests).size).toBe(3);
  });

  test("when it is started for the first time", async () => {
    const id = await createRawContainer(label, sleeper);
    const before = await engine.containers.get(id);
    expect(before.details?.startedAt).toBeUndefined();
    await callEngine("POST", `/containers/${id}/start`);
    const after = await engine.containers.get(id);
    expect(after.details?.startedAt).toBeInstanceOf(Date);
    expect(after.details?.stateDigest).not.toBe(before.details?.stateDigest);
  });
});

function bridged(hostConfig: Readonly<Record<string, unknown>> = {}) {
  return { ...sleeper, hostConfig: { NetworkMode: "bridge", ...hostConfig } };
}

async function createNetwork(name = `${testRun}-${randomBytes(4).toString("hex")}`): Promise<string> {
  const { Id } = await callEngine<{ Id: string }>("POST", "/networks/create", { Name: name, Driver: "bridge" });
  onTestFinished(async () => {
    await removeContainersWith(label);
    await callEngine("DELETE", `/networks/${Id}`);
  });
  return Id;
}

async function connect(network: string, id: string): Promise<void> {
  await callEngine("POST", `/networks/${network}/connect`, { Container: id });
}
