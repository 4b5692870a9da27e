import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, engineName, newObjectId } from "@cos/core";
import { afterEach, describe, expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { callEngine, enginePath, removeContainersWith, startRawContainer } from "../testing/raw-engine.ts";

const signer = createSigner(randomBytes(32));
const owner = "networks-test";
const label = `user.test=networks-${randomBytes(4).toString("hex")}`;
const newName = () => `net-${newObjectId().slice(0, 12)}`;

afterEach(async () => {
  await removeContainersWith(label);
  await using engine = await connectDocker({ signer });
  for (const { id } of await engine.networks.list({ managed: true })) await engine.networks.remove(id);
});

/** What the engine says of a network. */
const inspect = (name: string) => callEngine<Record<string, unknown>>("GET", `/networks/${name}`);

describe("a network that is made", () => {
  test.each([
    [false, "internal"],
    [true, "not internal"],
  ])("with egress %s is a bridge of its own without options, %s", async (egress) => {
    await using engine = await connectDocker({ signer });
    const name = newName();
    await engine.networks.create({ name, owner, egress });
    expect(await inspect(engineName(name))).toMatchObject({
      Driver: "bridge",
      Scope: "local",
      Internal: !egress,
      Attachable: false,
      Ingress: false,
      ConfigOnly: false,
      EnableIPv6: false,
      Options: {},
      IPAM: { Driver: "default", Config: [{ Subnet: expect.any(String), Gateway: expect.any(String) }] },
    });
  });

  test("and turns out to be another one is refused, and is gone", async () => {
    await using proxy = await FaultProxy.start(enginePath());
    await using engine = await connectDocker({ host: proxy.host, signer });
    for (const change of [
      { Internal: false },
      { Driver: "macvlan" },
      { Options: { "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0" } },
      { Labels: {} },
    ]) {
      const name = newName();
      proxy.script(/^GET \/networks\//, {
        kind: "rewrite-answer",
        change: (body) => ({ ...(body as object), ...change }),
      });
      await expect(engine.networks.create({ name, owner })).rejects.toMatchObject({ code: "failed_precondition" });
      expect(await inspect(engineName(name))).toMatchObject({ message: expect.stringContaining("not found") });
    }
  });

  test("is the caller's also when the answer is lost", async () => {
    await using proxy = await FaultProxy.start(enginePath());
    await using engine = await connectDocker({ host: proxy.host, signer });
    const name = newName();
    proxy.script(/^POST \/networks\/create/, { kind: "drop-answer" });
    const network = await engine.networks.create({ name, owner });
    expect(await engine.networks.get(name)).toEqual(network);
    expect(proxy.requests.filter((request) => request.startsWith("POST"))).toHaveLength(1);
  });

  test("is not somebody else's of the same name when the answer is lost", async () => {
    const name = newName();
    await using proxy = await FaultProxy.start(enginePath());
    await using engine = await connectDocker({ host: proxy.host, signer });
    const { id } = await engine.networks.create({ name, owner });
    proxy.script(/^POST \/networks\/create/, { kind: "drop-answer" });
    await expect(engine.networks.create({ name, owner })).rejects.toMatchObject({
      code: "unavailable",
      details: { unknown: true },
    });
    expect(await engine.networks.get(name)).toMatchObject({ id });
  });
});

describe("on a network that workloads share", () => {
  /** The addresses that a name has for a job on the network. */
  async function addressesOf(host: string, network: string): Promise<string[]> {
    await using engine = await connectDocker({ signer });
    const command = `nslookup ${host} 2>/dev/null | sed -n '/^Name:/,$p' | grep -o 'Address.*: [0-9.]*$' | grep -o '[0-9.]*$'`;
    const spec = defineWorkload({ env: { image: "busybox" }, command, network, pull: "never" });
    return (await engine.jobs.run({ spec, owner })).stdout.split("\n").filter((line) => line !== "");
  }

  test("a name leads to one container, and nobody can take it or be called something else", async () => {
    await using engine = await connectDocker({ signer });
    const [network, name] = [newName(), newName()];
    await engine.networks.create({ name: network, owner });
    const stop = new AbortController();
    let ready = () => {};
    const started = new Promise<void>((resolve) => (ready = resolve));
    const spec = defineWorkload({
      env: { image: "busybox" },
      command: "mkdir /www; echo hello > /www/index.html; httpd -h /www; echo ready; sleep 60",
      pull: "never",
      network,
      name,
      timeoutSeconds: 60,
    });
    const victim = engine.jobs.run({ spec, owner }, { output: () => ready(), signal: stop.signal });
    try {
      await started;
      await expect(engine.jobs.run({ spec, owner })).rejects.toMatchObject({ code: "already_exists" });
      const container = await callEngine<{
        Id: string;
        NetworkSettings: { Networks: Record<string, { Aliases: string[]; IPAddress: string }> };
      }>("GET", `/containers/${engineName(name)}/json`);
      const { Aliases, IPAddress } = container.NetworkSettings.Networks[engineName(network)] ?? {};
      expect(Aliases).toEqual([container.Id.slice(0, 12)]);
      expect(await addressesOf(engineName(name), network)).toEqual([IPAddress]);
      const fetching = defineWorkload({
        env: { image: "busybox" },
        command: `wget -q -O - http://${engineName(name)}/`,
        network,
      });
      expect(await engine.jobs.run({ spec: fetching, owner })).toMatchObject({ stdout: "hello\n" });
    } finally {
      stop.abort();
      await victim;
    }
  });
});

describe("removing a network", () => {
  test("that a container made by the start of its id is on is refused", async () => {
    await using engine = await connectDocker({ signer });
    const { id } = await engine.networks.create({ name: newName(), owner });
    const container = await startRawContainer(label, {
      command: "exec sleep 60",
      hostConfig: { NetworkMode: id.slice(0, 16) },
    });
    await engine.containers.stop(container, { graceSeconds: 0 });
    await expect(engine.networks.remove(id)).rejects.toMatchObject({ code: "conflict" });
    await engine.containers.remove(container);
    await engine.networks.remove(id);
  });

  test("that the engine cannot be without is refused", async () => {
    await using engine = await connectDocker({ signer });
    for (const { id, name } of await engine.networks.list()) {
      if (!["bridge", "host", "none"].includes(name)) continue;
      await expect(engine.networks.remove(id), name).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:failed_precondition|conflict)$/),
      });
    }
  });
});
