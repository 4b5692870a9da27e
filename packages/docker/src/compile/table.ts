import { parseByteSize, parsePort } from "@cos/core";
import { type MountBody, toMounts } from "./mounts.ts";
import type { Plan } from "./plan.ts";
import { absent, isObject, type Row, row } from "./row.ts";

const nanosPerSecond = 1_000_000_000;
/** Open files per process: above what servers need, below what every engine may grant. */
const openFiles = 16_384;
/** Docker's own default for /dev/shm, set explicitly so that an engine's configuration cannot raise it. */
const sharedMemoryBytes = 64 * 1024 * 1024;
/** Docker's own default between SIGTERM and SIGKILL. */
const stopTimeoutSeconds = 10;
const logFiles = 2;

/**
 * Every field of a container that matters for what it may do. The body sent to the engine is made of the emitting
 * rows and of nothing else; after create, all rows are compared with what the engine built.
 */
export const table: readonly Row[] = [
  // What runs.
  row("Image", ({ image }) => image.id, { inspected: "Image" }),
  row("Entrypoint", ({ entrypoint }) => entrypoint),
  row("Cmd", ({ command }) => command),
  row("WorkingDir", ({ spec, image }) => spec.workingDir ?? image.config.workingDir),
  row("User", ({ user }) => user),
  row("Env", ({ variables, image }) => mergeVariables(image.config.variables, variables), {
    normalise: sorted,
    show: namesOfVariables,
  }),
  row("Labels", ({ labels, spec }) => ({ ...spec.labels, ...labels }), { normalise: ownLabels }),
  row("StopSignal", ({ image }) =>
    /^SIG[A-Z0-9+]{2,12}$|^[0-9]{1,2}$/.test(image.config.stopSignal) ? image.config.stopSignal : "SIGTERM",
  ),
  row("StopTimeout", () => stopTimeoutSeconds),
  row("Healthcheck", ({ spec }) => {
    const check = spec.healthCheck;
    if (check === undefined) return { Test: ["NONE"] };
    return {
      Test: typeof check.command === "string" ? ["CMD-SHELL", check.command] : ["CMD", ...check.command],
      Interval: check.intervalSeconds * nanosPerSecond,
      Timeout: check.timeoutSeconds * nanosPerSecond,
      Retries: check.retries,
      StartPeriod: check.startPeriodSeconds * nanosPerSecond,
    };
  }),
  row("Tty", ({ interaction }) => interaction === "terminal"),
  row("OpenStdin", takesInput),
  row("StdinOnce", takesInput),
  row("AttachStdin", (plan) => plan.attached && takesInput(plan)),
  row("AttachStdout", ({ attached }) => attached),
  row("AttachStderr", ({ attached }) => attached),
  row("ExposedPorts", ({ spec }) => Object.fromEntries(ports(spec.ports).map(({ key }) => [key, {}])), {
    normalise: (value, { spec }) => ports(spec.ports).map(({ key }) => isObject(value) && key in value),
  }),

  // What it may use.
  row("HostConfig.Memory", ({ memoryBytes }) => memoryBytes),
  row("HostConfig.MemorySwap", ({ memoryBytes, facts }) => (facts.swapLimit ? memoryBytes : undefined), {
    expect: ({ memoryBytes, facts }) => (facts.swapLimit ? memoryBytes : -1),
  }),
  row("HostConfig.NanoCpus", ({ cpus }) => Math.round(cpus * nanosPerSecond)),
  row("HostConfig.PidsLimit", ({ spec }) => spec.limits.pids),
  row("HostConfig.ShmSize", () => sharedMemoryBytes),
  row("HostConfig.Ulimits", () => [
    { Name: "core", Soft: 0, Hard: 0 },
    { Name: "nofile", Soft: openFiles, Hard: openFiles },
  ]),
  row("HostConfig.LogConfig", ({ spec, attached }) =>
    attached
      ? { Type: "none", Config: {} }
      : {
          Type: "json-file",
          Config: {
            "max-size": String(Math.ceil(parseByteSize(spec.limits.log) / logFiles)),
            "max-file": String(logFiles),
          },
        },
  ),
  row("HostConfig.RestartPolicy", ({ spec }) =>
    spec.restart === undefined
      ? { Name: "no", MaximumRetryCount: 0 }
      : { Name: "on-failure", MaximumRetryCount: spec.restart.maxAttempts },
  ),
  row("HostConfig.AutoRemove", () => false),

  // What it may do.
  row("HostConfig.Privileged", () => false),
  row("HostConfig.CapDrop", () => ["ALL"], { normalise: capabilities }),
  row("HostConfig.CapAdd", ({ hardening }) => hardening.capabilities, { normalise: capabilities }),
  row("HostConfig.SecurityOpt", () => ["no-new-privileges"]),
  row("HostConfig.ReadonlyRootfs", ({ hardening }) => hardening.readOnlyRoot),
  row("HostConfig.Init", () => true),
  row("HostConfig.IpcMode", () => "private"),
  row("HostConfig.CgroupnsMode", () => "private"),
  row("HostConfig.OomKillDisable", () => false, { normalise: (value) => value ?? false }),
  row("HostConfig.MaskedPaths", () => undefined, { expect: () => true, normalise: isNonEmpty }),
  row("HostConfig.ReadonlyPaths", () => undefined, { expect: () => true, normalise: isNonEmpty }),

  // What it sees.
  row("HostConfig.NetworkMode", ({ network }) => network),
  row("NetworkSettings.Networks", () => undefined, {
    inspected: "NetworkSettings.Networks",
    expect: ({ network }) => ({ [network]: true }),
    normalise: (value) =>
      isObject(value) ? Object.fromEntries(Object.keys(value).map((name) => [name, true])) : value,
  }),
  row("HostConfig.PublishAllPorts", () => false),
  row("HostConfig.PortBindings", ({ spec }) =>
    Object.fromEntries(
      ports(spec.ports).map(({ key, hostPorts }) => [
        key,
        hostPorts.map((port) => ({ HostIp: "127.0.0.1", HostPort: port })),
      ]),
    ),
  ),
  row("HostConfig.Tmpfs", ({ tmpfs }) =>
    Object.fromEntries(
      Object.entries(tmpfs).map(([target, bytes]) => [target, `rw,noexec,nosuid,nodev,mode=1777,size=${bytes}`]),
    ),
  ),
  row("HostConfig.Mounts", (plan) => toMounts(plan)),
  row("Mounts", () => undefined, {
    inspected: "Mounts",
    expect: (plan) => toMounts(plan).map(mountedAs),
    normalise: (value, { declaredVolumes }) =>
      Array.isArray(value) ? sorted(value.map((mount) => withoutEngineChoices(mount, declaredVolumes))) : value,
  }),

  // What cos never asks for.
  ...[
    "Binds",
    "VolumesFrom",
    "VolumeDriver",
    "Devices",
    "DeviceRequests",
    "DeviceCgroupRules",
    "PidMode",
    "UTSMode",
    "UsernsMode",
    "CgroupParent",
    "Cgroup",
    "Sysctls",
    "StorageOpt",
    "Links",
    "ExtraHosts",
    "Dns",
    "DnsSearch",
    "DnsOptions",
    "GroupAdd",
    "OomScoreAdj",
    "CpuQuota",
    "CpuPeriod",
    "CpusetCpus",
    "CpusetMems",
    "BlkioDeviceReadBps",
  ].map((name) => absent(`HostConfig.${name}`)),
  absent("Domainname"),
  absent("MacAddress"),
  absent("OnBuild"),
];

function takesInput({ spec, interaction }: Plan): boolean {
  return spec.stdin !== undefined || interaction !== undefined;
}

function mergeVariables(inherited: readonly string[], own: Readonly<Record<string, string>>): string[] {
  const merged = new Map(inherited.map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  for (const [name, value] of Object.entries(own)) merged.set(name, `${name}=${value}`);
  return [...merged.values()];
}

/** Values of variables are nobody's to read, wherever a difference is reported. */
function namesOfVariables(value: unknown): unknown {
  return Array.isArray(value) ? value.map((entry) => String(entry).split("=", 1)[0]) : value;
}

function ports(published: readonly string[]): { key: string; hostPorts: string[] }[] {
  const byKey = new Map<string, string[]>();
  for (const text of published) {
    const port = parsePort(text);
    if (port === undefined) continue;
    const key = `${port.containerPort}/${port.protocol}`;
    byKey.set(key, [...(byKey.get(key) ?? []), port.hostPort === 0 ? "" : String(port.hostPort)]);
  }
  return [...byKey].map(([key, hostPorts]) => ({ key, hostPorts }));
}

interface MountedBody {
  readonly Type: string;
  /** Of a volume. */
  readonly Name?: string | undefined;
  readonly Source?: string | undefined;
  readonly Destination: string;
  readonly RW: boolean;
}

/** How a mount that was asked for appears in the inspected container. */
function mountedAs({ Type, Source, Target, ReadOnly }: MountBody): MountedBody {
  return { Type, [Type === "volume" ? "Name" : "Source"]: Source, Destination: Target, RW: ReadOnly !== true };
}

/**
 * What matters of a mount, without what engines choose by themselves: names of anonymous volumes, where volumes lie,
 * and the prefix under which Docker Desktop sees the host's files.
 */
function withoutEngineChoices(mount: unknown, anonymous: readonly string[]): unknown {
  const { Type, Name = "", Source = "", Destination, RW } = mount as MountedBody;
  const from =
    Type !== "volume" ? Source.replace(/^\/host_mnt(?=\/)/, "") : anonymous.includes(Destination) ? "" : Name;
  return { Type, from, Destination, RW };
}

/** Labels an image brought along are its own affair; `cos.*` and the caller's must be exactly ours. */
function ownLabels(value: unknown, { labels, spec }: { labels: object; spec: { labels: object } }): unknown {
  if (!isObject(value)) return value;
  const wanted = { ...spec.labels, ...labels };
  return Object.fromEntries(Object.entries(value).filter(([key]) => key.startsWith("cos.") || key in wanted));
}

function sorted(value: unknown): unknown {
  return Array.isArray(value)
    ? value.map((item) => (typeof item === "string" ? item : JSON.stringify(item))).toSorted()
    : value;
}

function capabilities(value: unknown): unknown {
  return Array.isArray(value) ? value.map((name) => String(name).toUpperCase().replace(/^CAP_/, "")).toSorted() : value;
}

function isNonEmpty(value: unknown): boolean {
  return value === true || (Array.isArray(value) && value.length > 0);
}
