import { randomBytes } from "node:crypto";
import { createSigner, defineWorkload, newObjectId, toLabels } from "@cos/core";
import { GenericContainer, Network, Wait } from "testcontainers";
import { expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { FaultProxy } from "../testing/fault-proxy.ts";
import { enginePath } from "../testing/raw-engine.ts";

const signer = createSigner(randomBytes(32));
const owner = "networks-test";

/** A web server that somebody else runs, for jobs to talk to. */
function startServer() {
  return new GenericContainer("cos-test/nginx:1")
    .withLabels({ "cos.test": "networks" })
    .withExposedPorts(80)
    .withWaitStrategy(Wait.forListeningPorts());
}

function fetchFrom(address: string, network?: string) {
  const command = `timeout 5 wget -q -O - http://${address}/`;
  return defineWorkload({ env: { image: "busybox" }, command, ...(network === undefined ? {} : { network }) });
}

test("a job on bridge reaches a server there, and a job on none is told why it does not", async () => {
  await using server = await startServer().start();
  await using engine = await connectDocker({ signer });
  const address = server.getIpAddress("bridge");

  const bridged = await engine.jobs.run({ spec: fetchFrom(address, "bridge"), owner });
  expect(bridged.stdout).toContain("Welcome to nginx");

  const sandboxed = await engine.jobs.run({ spec: fetchFrom(address), owner });
  expect(sandboxed.exitCode).not.toBe(0);
  expect(sandboxed.hint).toContain("network bridge");
});

test("a network that cos did not make is not joined, whatever it is called", async () => {
  await using network = await new Network().start();
  await using engine = await connectDocker({ signer });
  await expect(engine.jobs.run({ spec: fetchFrom("127.0.0.1", "no-such-network"), owner })).rejects.toMatchObject({
    code: "not_found",
  });
  await expect(engine.jobs.run({ spec: fetchFrom("127.0.0.1", network.getName()), owner })).rejects.toMatchObject({
    code: "not_found",
  });
});

test("a managed network is joined by its owner, and by nobody else", async () => {
  const name = `net-${newObjectId().slice(0, 12)}`;
  await using network = await createManagedNetwork(name);
  await using engine = await connectDocker({ signer });
  const spec = defineWorkload({ env: { image: "busybox" }, command: "ip -o -4 addr show eth0 | wc -l", network: name });
  expect(network.id).toMatch(/^[0-9a-f]{64}$/);
  expect((await engine.jobs.run({ spec, owner })).stdout).toBe("1\n");
  await expect(engine.jobs.run({ spec, owner: "somebody-else" })).rejects.toMatchObject({ code: "not_found" });

  const publishing = defineWorkload({ env: { image: "busybox" }, command: "true", network: name, ports: ["0:80"] });
  await expect(engine.jobs.run({ spec: publishing, owner })).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringContaining("internal"),
  });
});

test("a managed network is told apart from what only looks like one", async () => {
  const name = `net-${newObjectId().slice(0, 12)}`;
  await using network = await createManagedNetwork(name);
  await using proxy = await FaultProxy.start(enginePath());
  await using engine = await connectDocker({ host: proxy.host, signer });
  expect(await engine.networks.get(name)).toEqual({
    id: network.id,
    name: `cos-${name}`,
    createdAt: expect.any(Date),
    internal: true,
    ownership: { status: "managed", labels: expect.objectContaining({ owner, name }) },
  });

  await using stranger = await connectDocker({ signer: createSigner(randomBytes(32)) });
  await expect(stranger.networks.get(name)).rejects.toMatchObject({ code: "not_found" });
  for (const change of [
    { Driver: "overlay" },
    { Driver: "macvlan" },
    { Options: { "com.docker.network.bridge.name": "docker0" } },
    { Scope: "swarm" },
    { Name: "cos-other" },
    { Labels: null },
  ]) {
    proxy.script(/^GET \/networks\//, {
      kind: "rewrite-answer",
      change: (body) => ({ ...(body as object), ...change }),
    });
    await expect(engine.networks.get(name)).rejects.toMatchObject({ code: "not_found" });
  }
  proxy.script(/^GET \/networks\//, { kind: "drop-answer" });
  await expect(engine.networks.get(name)).rejects.toMatchObject({ code: "unavailable" });
});

async function createManagedNetwork(name: string) {
  const { default: Docker } = await import("dockerode");
  const labels = toLabels(
    "network",
    {
      id: newObjectId(),
      owner,
      lifecycle: "persistent",
      name,
      purpose: "",
      project: "",
      image: "",
      createdAt: new Date(),
      ttlSeconds: undefined,
      spec: "",
      specDigest: "",
    },
    signer,
  );
  const network = await new Docker().createNetwork({
    Name: `cos-${name}`,
    Driver: "bridge",
    Internal: true,
    Labels: labels,
  });
  return {
    id: network.id,
    async [Symbol.asyncDispose]() {
      await network.remove();
    },
  };
}
