import { defineWorkload } from "@cos/core";
import { expect, test } from "vitest";
import type { ContainerBody } from "../api.ts";
import { toFaithfulBody } from "../testing/faithful-body.ts";
import { compile, findDifferences } from "./compile.ts";

const compiled = compile({
  spec: defineWorkload({ env: { image: "busybox" }, command: "echo hello", network: "bridge", ports: ["0:8080"] }),
  variables: { COLOUR: "blue" },
  image: {
    id: `sha256:${"a".repeat(64)}`,
    tags: ["busybox:latest"],
    config: { entrypoint: [], command: ["sh"], variables: [], user: "", workingDir: "", volumes: [], stopSignal: "" },
  },
  facts: {
    capabilities: {
      cpus: 2,
      memoryBytes: 8 * 1024 ** 3,
      limits: { cpus: true, memory: true, pids: true },
      build: true,
      localFiles: true,
    },
    swapLimit: true,
    rootless: false,
    dockerInit: false,
    podman: true,
    ownFiles: [],
  },
  binds: [],
  network: "bridge",
  attached: true,
  labels: { "cos.id": "1" },
  volumeLabels: {},
});
const dropped = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"];
const alsoDropped = ["AUDIT_WRITE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"];

/** The container as Podman 4.3 shows it, with other values in places. */
function shown({ config = {}, hostConfig = {}, networks = ["podman"] }: Record<string, any> = {}): ContainerBody {
  const body = toFaithfulBody(compiled.body);
  return {
    ...body,
    Config: {
      ...body.Config,
      AttachStdout: false,
      AttachStderr: false,
      Env: ["PATH=/usr/bin", "TERM=xterm", "container=podman", "COLOUR=blue"],
      Healthcheck: { Test: ["NONE"], Interval: 30_000_000_000, Timeout: 30_000_000_000, Retries: 3 },
      StopSignal: "15",
      WorkingDir: "/",
      ...config,
    },
    HostConfig: {
      ...body.HostConfig,
      Binds: [],
      CapAdd: [],
      CapDrop: [...dropped, ...alsoDropped].map((name) => `CAP_${name}`),
      CgroupnsMode: "",
      CpuPeriod: 100_000,
      CpuQuota: 200_000,
      IpcMode: "shareable",
      MaskedPaths: null,
      Mounts: [],
      PidMode: "private",
      PortBindings: { "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: "40123" }] },
      ReadonlyPaths: null,
      UTSMode: "private",
      Ulimits: [
        { Name: "RLIMIT_NOFILE", Soft: 16_384, Hard: 16_384 },
        { Name: "RLIMIT_CORE", Soft: 0, Hard: 0 },
        { Name: "RLIMIT_NPROC", Soft: 1_048_576, Hard: 1_048_576 },
      ],
      ...hostConfig,
    },
    NetworkSettings: { Networks: Object.fromEntries(networks.map((name: string) => [name, {}])) },
  } as unknown as ContainerBody;
}

test("what Podman shows in words of its own is what was asked for", () => {
  expect(findDifferences(compiled, shown())).toEqual([]);
});

test.each([
  ["a capability that was not dropped", { hostConfig: { CapDrop: dropped } }, "HostConfig.CapAdd"],
  ["a capability that was added", { hostConfig: { CapAdd: ["CAP_SYS_ADMIN"] } }, "HostConfig.CapAdd"],
  ["privileges", { hostConfig: { Privileged: true } }, "HostConfig.Privileged"],
  ["paths that are not hidden", { hostConfig: { MaskedPaths: [] } }, "HostConfig.MaskedPaths"],
  ["more of the CPUs", { hostConfig: { CpuQuota: 400_000 } }, "HostConfig.CpuQuota"],
  ["the processes of the machine", { hostConfig: { PidMode: "host" } }, "HostConfig.PidMode"],
  ["the machine's control groups", { hostConfig: { CgroupnsMode: "host" } }, "HostConfig.CgroupnsMode"],
  ["the machine's network", { hostConfig: { NetworkMode: "host" }, networks: [] }, "HostConfig.NetworkMode"],
  ["one more network", { networks: ["podman", "other"] }, "NetworkSettings.Networks"],
  ["another variable", { config: { Env: ["COLOUR=blue", "LD_PRELOAD=/x"] } }, "Config.Env"],
  ["another directory", { config: { WorkingDir: "/srv" } }, "Config.WorkingDir"],
  [
    "another address",
    { hostConfig: { PortBindings: { "8080/tcp": [{ HostIp: "0.0.0.0", HostPort: "40123" }] } } },
    "HostConfig.PortBindings",
  ],
])("%s is not", (_what, changed, field) => {
  expect(findDifferences(compiled, shown(changed)).map((difference) => difference.field)).toContain(field);
});
