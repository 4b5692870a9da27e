import type { ContainerBody } from "../api.ts";
import type { MountBody } from "../compile/mounts.ts";

/** The inspected container of an engine that did exactly what a create body asks for, and nothing else. */
export function toFaithfulBody(created: Readonly<Record<string, unknown>>): ContainerBody {
  const { HostConfig: host, ...config } = structuredClone(created) as Record<string, unknown> & {
    Image: string;
    Labels: Record<string, string>;
    HostConfig: Record<string, unknown> & { NetworkMode: string; Mounts: readonly MountBody[] };
  };
  return {
    Id: "c".repeat(64),
    Name: "/cos-x",
    Created: "2026-01-01T00:00:00Z",
    Image: config.Image,
    State: {
      Status: "created",
      Running: false,
      OOMKilled: false,
      ExitCode: 0,
      Error: "",
      StartedAt: "",
      FinishedAt: "",
    },
    Config: { ...config, Tty: config["Tty"] === true },
    HostConfig: { ...host, MaskedPaths: ["/proc/kcore"], ReadonlyPaths: ["/proc/sys"] },
    NetworkSettings: { Networks: { [host.NetworkMode]: {} } },
    Mounts: host.Mounts.map(({ Type, Source, Target, ReadOnly }) => ({
      Type,
      ...(Type === "volume"
        ? { Name: Source ?? "0".repeat(64), Source: `/engine/volumes/${Source ?? "0"}` }
        : { Source }),
      Destination: Target,
      RW: ReadOnly !== true,
    })),
  } as ContainerBody;
}

/** The same container with another value at a path. */
export function withAnother(body: ContainerBody, path: string): ContainerBody {
  const changed = structuredClone(body) as unknown as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let holder = changed;
  for (const key of keys) holder = holder[key] as Record<string, unknown>;
  holder[last] = another(holder[last], path);
  return changed as unknown as ContainerBody;
}

function another(value: unknown, path: string): unknown {
  if (/MaskedPaths|ReadonlyPaths|ExposedPorts/.test(path)) return undefined;
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  if (typeof value === "string") return `${value}x`;
  if (path === "Config.Labels") return { ...(value as object), "cos.owner": "me" };
  if (path === "Mounts")
    return [...(value as unknown[]), { Type: "bind", Source: "/", Destination: "/host", RW: true }];
  if (Array.isArray(value)) return [...(value as unknown[]), "x"];
  if (value !== null && typeof value === "object") return { ...value, x: "x" };
  return "x";
}
