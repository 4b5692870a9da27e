import { type Container, type ContainerDetails, printable, toSecretName } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";
import { containerSummary, toSummary } from "./summary.ts";

/** Longest text of a container that is shown, in characters, and most items of a list. What is longer was not meant to be read. */
const longestText = 4096;
const longestList = 256;
/** Stands for what is nobody's to read. */
const hidden = "[hidden]";

/** A container as somebody who looks at it alone is answered. */
export const containerInspection = once(() =>
  z.strictObject({
    ...containerSummary().shape,
    imageId: z.string(),
    startedAt: z.string().optional().describe("When it was last started, ISO 8601."),
    finishedAt: z.string().optional().describe("When it ended, ISO 8601."),
    health: z.enum(["starting", "healthy", "unhealthy"]).optional().describe("Only with a health check."),
    restarts: z.int().min(0).describe("How often the engine has started it again by itself."),
    oomKilled: z.boolean().describe("The kernel killed a process of it for want of memory."),
    entrypoint: z.array(z.string()),
    command: z.array(z.string()),
    workingDir: z.string(),
    user: z.string(),
    variables: z.array(z.string()).describe("Names of its environment variables. Values are never told."),
    limits: z
      .strictObject({
        memoryBytes: z.number().optional(),
        cpus: z.number().optional(),
        pids: z.number().optional(),
      })
      .describe("What is not there is not limited."),
    mounts: z.array(
      z.strictObject({ type: z.string(), source: z.string(), target: z.string(), readOnly: z.boolean() }),
    ),
    addresses: z.array(
      z.strictObject({ network: z.string(), ipv4: z.string().optional(), ipv6: z.string().optional() }),
    ),
    hardening: z.strictObject({
      privileged: z.boolean(),
      readOnlyRoot: z.boolean(),
      noNewPrivileges: z.boolean(),
      addedCapabilities: z.array(z.string()),
      droppedCapabilities: z.array(z.string()),
      sharedNamespaces: z.array(z.string()).describe("Namespaces of the host or of another container."),
      devices: z.array(z.string()).describe("Devices of the host."),
    }),
    logDriver: z.string().describe('How the engine keeps its output; "none" keeps nothing.'),
    ttlSeconds: z.int().optional(),
    specDigest: z.string().optional().describe("Changes with what cos was asked for."),
    spec: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('What cos was asked for. Values of variables are "[hidden]", references to secrets stay.'),
    shortened: z.boolean().describe("Whether long texts or lists were cut."),
  }),
);

export type ContainerInspection = z.output<ReturnType<typeof containerInspection>>;

/** Everything of a container that may be shown, and nothing else; in texts of bounded length that move no cursor. */
export function toInspection(container: Container, details: ContainerDetails): ContainerInspection {
  const { startedAt, health, restarts, oomKilled, configuration } = details;
  const { addresses, limits, entrypoint, command, variables, mounts, hardening, ...rest } = configuration;
  const managed = container.ownership.status === "managed" ? container.ownership.labels : undefined;
  const bounds = { shortened: false };
  const shown = toShown(
    withoutUndefined({
      ...toSummary(container),
      imageId: container.imageId,
      startedAt: startedAt?.toISOString(),
      finishedAt: container.finishedAt?.toISOString(),
      health,
      restarts,
      oomKilled,
      ...rest,
      entrypoint,
      command,
      variables,
      limits: withoutUndefined(limits),
      mounts,
      addresses: addresses.map(withoutUndefined),
      hardening,
      ttlSeconds: managed?.ttlSeconds,
      specDigest: managed?.specDigest || undefined,
      spec: managed === undefined ? undefined : toOpenSpec(managed.spec),
    }),
    bounds,
  );
  return { ...(shown as Omit<ContainerInspection, "shortened">), shortened: bounds.shortened };
}

/** A spec without what may be secret: values of variables and of build arguments, and contents of files. */
function toOpenSpec(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === "") return undefined;
  return hideIn(JSON.parse(text) as Record<string, unknown>);
}

/** Members of a spec, wherever they are in it, whose texts nobody reads. */
const secretMembers: ReadonlySet<string> = new Set(["variables", "arguments", "content"]);

function hideIn(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, secretMembers.has(key) ? hide(member) : descend(member)]),
  );
}

function descend(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(descend);
  return typeof value === "object" && value !== null ? hideIn(value) : value;
}

function hide(value: unknown): unknown {
  if (typeof value === "string") return toSecretName(value) === undefined ? hidden : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hide(member)]));
}

function toShown(value: unknown, bounds: { shortened: boolean }): unknown {
  if (typeof value === "string") {
    const text = printable(value);
    if (text.length <= longestText) return text;
    bounds.shortened = true;
    return `${text.slice(0, longestText)}…`;
  }
  if (Array.isArray(value)) {
    if (value.length > longestList) bounds.shortened = true;
    return value.slice(0, longestList).map((item) => toShown(item, bounds));
  }
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  if (members.length > longestList) bounds.shortened = true;
  return Object.fromEntries(
    members.slice(0, longestList).map(([key, member]) => [printable(key), toShown(member, bounds)]),
  );
}

function withoutUndefined<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined)) as T;
}
