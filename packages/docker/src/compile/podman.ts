import { constants } from "node:os";
import type { ContainerBody } from "../api.ts";
import type { Plan } from "./plan.ts";
import { at, isObject } from "./row.ts";

/** What a container has to which nothing was added and from which nothing was dropped, by what Podman shows. */
const ordinaryCapabilities = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];
/** Variables that Podman gives to every container. */
const ownVariables = new Set(["PATH", "TERM", "container", "HOSTNAME", "HOME"]);
/** A kind of limit that cos does not set, and that Podman does. */
const processesLimit = "nproc";

/**
 * A container that Podman built, in the words in which Docker would show it. Where Podman shows what it chose itself, the
 * choice is replaced by what was asked for only if it grants nothing more; whatever else differs stays as it is. Podman
 * says nothing of the paths that it hides, which it does unless asked otherwise, of the size of logs, and of whether
 * somebody is attached.
 *
 * @param asked the `HostConfig` of the request that made it
 */
export function inDockersWords(body: ContainerBody, plan: Plan, asked: Readonly<Record<string, unknown>>): unknown {
  const { Config, HostConfig, NetworkSettings } = body as unknown as Record<string, Record<string, unknown>>;
  const { spec, network } = plan;
  const workingDir = spec.workingDir ?? plan.image.config.workingDir;
  const joined = networks(NetworkSettings?.["Networks"], network);
  return {
    ...body,
    Config: {
      ...Config,
      ...attachment(plan),
      Env: withoutOwnVariables(Config?.["Env"], plan),
      Healthcheck: spec.healthCheck === undefined ? onlyTest(Config?.["Healthcheck"]) : Config?.["Healthcheck"],
      StopSignal: nameOfSignal(Config?.["StopSignal"]),
      WorkingDir: workingDir === "" && Config?.["WorkingDir"] === "/" ? "" : Config?.["WorkingDir"],
    },
    HostConfig: {
      ...HostConfig,
      ...capabilities(HostConfig?.["CapAdd"], HostConfig?.["CapDrop"]),
      ...cpuTime(HostConfig, plan),
      // Every mount is compared where it took effect, in `Mounts`.
      Binds: undefined,
      Mounts: asked["Mounts"],
      // With control groups of version 1 Podman has no namespace for them: a container can read what the groups are called.
      CgroupnsMode: HostConfig?.["CgroupnsMode"] || "private",
      // Others could join it by the container's name, and nothing of cos's does.
      IpcMode: HostConfig?.["IpcMode"] === "shareable" ? "private" : HostConfig?.["IpcMode"],
      // Of every network that somebody made it says bridge here, and the name in the other place.
      NetworkMode:
        HostConfig?.["NetworkMode"] === "bridge" && isJoined(joined, network) ? network : HostConfig?.["NetworkMode"],
      LogConfig: logs(HostConfig?.["LogConfig"], asked["LogConfig"], plan),
      MaskedPaths: HostConfig?.["MaskedPaths"] ?? true,
      ReadonlyPaths: HostConfig?.["ReadonlyPaths"] ?? true,
      PidMode: HostConfig?.["PidMode"] === "private" ? "" : HostConfig?.["PidMode"],
      UTSMode: HostConfig?.["UTSMode"] === "private" ? "" : HostConfig?.["UTSMode"],
      PortBindings: withoutChosenPorts(HostConfig?.["PortBindings"], spec.ports),
      Tmpfs: withoutOwnOptions(HostConfig?.["Tmpfs"]),
      Ulimits: limits(HostConfig?.["Ulimits"]),
    },
    NetworkSettings: { ...NetworkSettings, Networks: joined },
  };
}

function attachment({ spec, interaction, attached }: Plan): Record<string, boolean> {
  const takesInput = spec.stdin !== undefined || interaction !== undefined;
  return { AttachStdin: attached && takesInput, AttachStdout: attached, AttachStderr: attached, StdinOnce: takesInput };
}

function withoutOwnVariables(value: unknown, { variables, image }: Plan): unknown {
  if (!Array.isArray(value)) return value;
  const nameOf = (entry: unknown) => String(entry).split("=", 1)[0] ?? "";
  const asked = new Set([...Object.keys(variables), ...image.config.variables.map(nameOf)]);
  return value.filter((entry) => asked.has(nameOf(entry)) || !ownVariables.has(nameOf(entry)));
}

function onlyTest(value: unknown): unknown {
  const test = at(value, "Test");
  return Array.isArray(test) && test[0] === "NONE" ? { Test: test } : value;
}

function nameOfSignal(value: unknown): unknown {
  const name = Object.entries(constants.signals).find(([, number]) => String(number) === String(value));
  return name === undefined ? value : name[0];
}

/** Podman shows what differs from the ordinary; what a container has is what counts. */
function capabilities(added: unknown, dropped: unknown): { CapDrop: unknown; CapAdd: unknown } {
  const plain = (value: unknown) =>
    Array.isArray(value) ? value.map((name) => String(name).toUpperCase().replace(/^CAP_/, "")) : [];
  const gone = new Set(plain(dropped));
  return { CapDrop: ["ALL"], CapAdd: [...ordinaryCapabilities.filter((name) => !gone.has(name)), ...plain(added)] };
}

/** The share of the CPUs, shown as a quota, too. */
function cpuTime(hostConfig: Record<string, unknown> | undefined, { cpus }: Plan): Record<string, unknown> {
  const [quota, period] = [Number(hostConfig?.["CpuQuota"]), Number(hostConfig?.["CpuPeriod"])];
  return period > 0 && quota > 0 && quota <= Math.ceil(cpus * period) ? { CpuQuota: 0, CpuPeriod: 0 } : {};
}

function logs(value: unknown, asked: unknown, { attached }: Plan): unknown {
  if (attached || at(value, "Type") !== "json-file" || isObject(at(value, "Config"))) return value;
  return asked;
}

/** A port that Podman chose is shown as if it had been asked for. */
function withoutChosenPorts(value: unknown, ports: readonly string[]): unknown {
  if (!isObject(value)) return value;
  const chosen = new Set(ports.filter((port) => port.startsWith("0:")).map((port) => port.replace(/^0:/, "")));
  return Object.fromEntries(
    Object.entries(value).map(([key, bindings]) => {
      const free = chosen.has(key) || chosen.has(key.replace(/\/tcp$/, ""));
      return [
        key,
        free && Array.isArray(bindings) ? bindings.map((binding: object) => ({ ...binding, HostPort: "" })) : bindings,
      ];
    }),
  );
}

function withoutOwnOptions(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([target, options]) => [target, String(options).replace(/,rprivate|,tmpcopyup/g, "")]),
  );
}

/** Limits by Docker's names, without the one that Podman adds. */
function limits(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const named = value.map((limit: Record<string, unknown>) => ({
    ...limit,
    Name: String(limit["Name"])
      .replace(/^RLIMIT_/, "")
      .toLowerCase(),
  }));
  return named.filter(({ Name }) => Name !== processesLimit).toSorted((a, b) => a.Name.localeCompare(b.Name));
}

/** Podman's own network has another name, and a container without one is on none. */
function networks(value: unknown, asked: string): unknown {
  const names = isObject(value) ? Object.keys(value) : [];
  if (asked === "none" && names.length === 0) return { none: true };
  if (asked === "bridge" && names.length === 1 && names[0] === "podman") return { bridge: true };
  return value;
}

function isJoined(networksOf: unknown, asked: string): boolean {
  return isObject(networksOf) && Object.keys(networksOf).length === 1 && asked in networksOf;
}
