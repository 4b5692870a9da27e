import { expect, test } from "vitest";
import type { ContainerBody } from "../api.ts";
import { toConfiguration } from "./configuration.ts";

/** A container as an engine shows it, of which these parts matter. */
const shown = (parts: { Config?: object; HostConfig?: object; Mounts?: object[]; Networks?: object }) =>
  toConfiguration({
    Config: { Image: "app", Tty: false, ...parts.Config },
    HostConfig: { ...parts.HostConfig },
    Mounts: parts.Mounts,
    NetworkSettings: { Networks: parts.Networks },
  } as unknown as ContainerBody);

test("of variables only the names are told", () => {
  const Env = ["TOKEN=secret=value", "EMPTY=", "ODD"];
  const configuration = shown({ Config: { Env } });
  expect(configuration.variables).toEqual(["TOKEN", "EMPTY", "ODD"]);
  expect(JSON.stringify(configuration)).not.toContain("secret");
});

test.each<[string, object, object]>([
  ["memory and processes", { Memory: 1024, PidsLimit: 7 }, { memoryBytes: 1024, pids: 7 }],
  ["CPUs in billionths", { NanoCpus: 1_500_000_000 }, { cpus: 1.5 }],
  ["CPUs by a quota and a period", { CpuQuota: 25_000, CpuPeriod: 50_000 }, { cpus: 0.5 }],
  ["CPUs by a quota alone", { CpuQuota: 200_000 }, { cpus: 2 }],
])("limits are told in one unit: %s", (_what, HostConfig, limits) => {
  expect(shown({ HostConfig }).limits).toMatchObject(limits);
});

test.each([{}, { Memory: 0, NanoCpus: 0, PidsLimit: null }, { Memory: -1, CpuQuota: -1, PidsLimit: -1 }])(
  "zero, less and nothing mean no limit: %j",
  (HostConfig) => {
    expect(shown({ HostConfig }).limits).toEqual({ memoryBytes: undefined, cpus: undefined, pids: undefined });
  },
);

test("mounts are told with what they come from", () => {
  const Mounts = [
    { Type: "bind", Source: "/srv", Destination: "/in", RW: false },
    { Type: "volume", Name: "data", Source: "/var/lib/docker/volumes/data/_data", Destination: "/data", RW: true },
  ];
  expect(shown({ Mounts, HostConfig: { Tmpfs: { "/tmp": "rw,size=64m", "/ro": "ro" } } }).mounts).toEqual([
    { type: "bind", source: "/srv", target: "/in", readOnly: true },
    { type: "volume", source: "data", target: "/data", readOnly: false },
    { type: "tmpfs", source: "", target: "/tmp", readOnly: false },
    { type: "tmpfs", source: "", target: "/ro", readOnly: true },
  ]);
});

test("what widens a container is told", () => {
  const { hardening } = shown({
    HostConfig: {
      Privileged: true,
      CapAdd: ["CAP_SYS_ADMIN", "net_raw"],
      NetworkMode: "host",
      PidMode: "container:abc",
      IpcMode: "private",
      Devices: [{ PathOnHost: "/dev/kvm" }],
    },
  });
  expect(hardening).toEqual({
    privileged: true,
    readOnlyRoot: false,
    noNewPrivileges: false,
    addedCapabilities: ["SYS_ADMIN", "NET_RAW"],
    droppedCapabilities: [],
    sharedNamespaces: ["network", "pid"],
    devices: ["/dev/kvm"],
  });
});

test("addresses are told for each network, also where there is none", () => {
  const Networks = { front: { IPAddress: "172.18.0.2", GlobalIPv6Address: "fd00::2" }, back: { IPAddress: "" } };
  expect(shown({ Networks }).addresses).toEqual([
    { network: "front", ipv4: "172.18.0.2", ipv6: "fd00::2" },
    { network: "back", ipv4: undefined, ipv6: undefined },
  ]);
});
