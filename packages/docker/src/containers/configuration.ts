import type { ContainerConfiguration, ContainerHardening, ContainerMount } from "@cos/core";
import type { ContainerBody } from "../api.ts";

const nanosPerCpu = 1_000_000_000;
/** What engines take for the length of a period when none is said, in microseconds. */
const defaultCpuPeriod = 100_000;

/** How a container was made. Of variables only their names are taken over. */
export function toConfiguration({
  Config,
  HostConfig,
  Mounts,
  NetworkSettings,
}: ContainerBody): ContainerConfiguration {
  return {
    entrypoint: Config.Entrypoint ?? [],
    command: Config.Cmd ?? [],
    workingDir: Config.WorkingDir ?? "",
    user: Config.User ?? "",
    variables: (Config.Env ?? []).map((entry) => entry.split("=", 1)[0] ?? ""),
    limits: toLimits(HostConfig),
    mounts: [...toMounts(Mounts ?? []), ...toTmpfs(HostConfig.Tmpfs ?? {})],
    addresses: Object.entries(NetworkSettings.Networks ?? {}).map(([network, { IPAddress, GlobalIPv6Address }]) => ({
      network,
      ipv4: IPAddress || undefined,
      ipv6: GlobalIPv6Address || undefined,
    })),
    hardening: toHardening(HostConfig),
    logDriver: HostConfig.LogConfig?.Type ?? "",
  };
}

/** Zero, less and null mean that there is no limit. */
function toLimits({
  Memory,
  NanoCpus,
  CpuQuota,
  CpuPeriod,
  PidsLimit,
}: ContainerBody["HostConfig"]): ContainerConfiguration["limits"] {
  const limit = (value: number | null | undefined) => (value !== undefined && value !== null && value > 0 ? value : 0);
  const quota = limit(CpuQuota) / (limit(CpuPeriod) || defaultCpuPeriod);
  return {
    memoryBytes: limit(Memory) || undefined,
    cpus: limit(NanoCpus) / nanosPerCpu || quota || undefined,
    pids: limit(PidsLimit) || undefined,
  };
}

function toMounts(mounts: NonNullable<ContainerBody["Mounts"]>): ContainerMount[] {
  return mounts.map(({ Type = "", Name = "", Source = "", Destination = "", RW = false }) => ({
    type: Type,
    source: Type === "volume" ? Name : Source,
    target: Destination,
    readOnly: !RW,
  }));
}

function toTmpfs(tmpfs: Readonly<Record<string, string>>): ContainerMount[] {
  return Object.entries(tmpfs).map(([target, options]) => ({
    type: "tmpfs",
    source: "",
    target,
    readOnly: options.split(",").includes("ro"),
  }));
}

function toHardening(host: ContainerBody["HostConfig"]): ContainerHardening {
  const { NetworkMode, PidMode, IpcMode, UTSMode, UsernsMode, CgroupnsMode } = host;
  const namespaces = {
    network: NetworkMode,
    pid: PidMode,
    ipc: IpcMode,
    uts: UTSMode,
    user: UsernsMode,
    cgroup: CgroupnsMode,
  };
  return {
    privileged: host.Privileged === true,
    readOnlyRoot: host.ReadonlyRootfs === true,
    noNewPrivileges: (host.SecurityOpt ?? []).some((option) => /^no-new-privileges(?:[:=]true)?$/.test(option)),
    addedCapabilities: toCapabilities(host.CapAdd),
    droppedCapabilities: toCapabilities(host.CapDrop),
    sharedNamespaces: Object.entries(namespaces).flatMap(([name, mode = ""]) =>
      mode === "host" || mode.startsWith("container:") ? [name] : [],
    ),
    devices: (host.Devices ?? []).map(({ PathOnHost = "" }) => PathOnHost),
  };
}

function toCapabilities(names: readonly string[] | null | undefined): string[] {
  return (names ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, ""));
}
