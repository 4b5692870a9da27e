import { randomBytes } from "node:crypto";
import { createSigner } from "@cos/core";
import { expect, test } from "vitest";
import { connectDocker } from "../connect.ts";
import { OwnEngine } from "../testing/own-engine.ts";
import { callEngine, createRawContainer, startRawContainer } from "../testing/raw-engine.ts";

const label = "user.test=state-digest";

/** Of everything that engines keep as a list or a map, more than one. */
const manifold = {
  name: "manifold",
  command: "exec sleep 600",
  body: {
    Env: ["A=1", "B=2", "C=3"],
    ExposedPorts: { "80/tcp": {}, "81/tcp": {}, "82/udp": {} },
    Volumes: { "/v1": {}, "/v2": {} },
    Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000_000 },
  },
  hostConfig: {
    NetworkMode: "bridge",
    Binds: ["/tmp:/t1:ro", "/tmp:/t2:ro"],
    Mounts: [
      { Type: "volume", Target: "/m1" },
      { Type: "tmpfs", Target: "/m2" },
    ],
    Tmpfs: { "/f1": "", "/f2": "" },
    CapAdd: ["NET_RAW", "SYS_TIME"],
    CapDrop: ["MKNOD", "CHOWN"],
    Dns: ["192.0.2.1", "192.0.2.2"],
    ExtraHosts: ["one:192.0.2.1", "two:192.0.2.2"],
    GroupAdd: ["5", "6"],
    SecurityOpt: ["no-new-privileges"],
    Ulimits: [
      { Name: "nproc", Soft: 50, Hard: 50 },
      { Name: "core", Soft: 0, Hard: 0 },
    ],
    LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "0" }], "81/tcp": [{ HostIp: "127.0.0.1" }] },
  },
};

test("the state digest outlives the engine: of a container that ran, that ended, and that never started", async () => {
  await using own = await OwnEngine.start();
  await using engine = await connectDocker({
    host: `unix://${own.socketPath}`,
    signer: createSigner(randomBytes(32)),
  });
  const ran = await startRawContainer(label, manifold, own.socketPath);
  const Links = [`${ran}:one`, `${ran}:two`, `${ran}:three`];
  const hostConfig = { NetworkMode: "bridge", Links };
  const ended = await startRawContainer(label, { command: "exec sleep 600", hostConfig }, own.socketPath);
  await callEngine("POST", `/containers/${ended}/kill`, undefined, own.socketPath);
  await expect.poll(() => engine.containers.get(ended)).toMatchObject({ state: "exited" });
  const created = await createRawContainer(label, { ...manifold, name: "created" }, own.socketPath);
  const digests = () =>
    Promise.all([ran, ended, created].map(async (id) => (await engine.containers.get(id)).details?.stateDigest));

  const before = await digests();
  await own.crash();
  await own.boot();
  expect(await digests()).toEqual(before);
}, 120_000);
