import { canonicalJson, CosError } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import { at } from "../compile/row.ts";
import type { EngineFacts } from "../facts.ts";
import { killScript } from "./kill-script.ts";
import type { ExecMark } from "./start-exec.ts";

const memoryBytes = 64 * 1024 * 1024;
/** The helper's own processes: a shell, and a pipe of two. */
const pids = 32;

/** What the body of a helper says of itself beside what all of them share. */
export interface HelperPlan {
  /** The container whose processes it sees, by its full id. */
  readonly target: string;
  readonly imageId: string;
  readonly mark: ExecMark;
  readonly labels: Readonly<Record<string, string>>;
  readonly facts: EngineFacts;
}

/**
 * The body of the container that kills commands in another one. It sees that one's processes, may signal them and read
 * their environment, and nothing else. No other container of cos shares a namespace.
 */
export function toHelperBody({ target, imageId, mark, labels, facts }: HelperPlan) {
  return {
    Image: imageId,
    Entrypoint: ["/bin/busybox", "sh"],
    Cmd: ["-c", killScript, "cos-exec-kill", mark.marker, mark.hasInit ? "yes" : "no"],
    WorkingDir: "/",
    User: "0:0",
    Labels: labels,
    Healthcheck: { Test: ["NONE"] },
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      PidMode: `container:${target}`,
      NetworkMode: "none",
      IpcMode: "private",
      CgroupnsMode: "private",
      Privileged: false,
      CapDrop: ["ALL"],
      // To signal any user's processes; to be let see their environment; and to open it, which is a file of theirs.
      CapAdd: ["DAC_OVERRIDE", "KILL", "SYS_PTRACE"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      Init: false,
      Memory: memoryBytes,
      ...(facts.swapLimit ? { MemorySwap: memoryBytes } : {}),
      NanoCpus: Math.min(1, facts.capabilities.cpus) * 1e9,
      PidsLimit: pids,
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      AutoRemove: false,
    },
  };
}

/** Fields that are empty in every helper. */
const empty = [
  "Mounts",
  ...[
    "Binds",
    "Mounts",
    "VolumesFrom",
    "Devices",
    "DeviceRequests",
    "UTSMode",
    "UsernsMode",
    "GroupAdd",
    "PortBindings",
  ].map((name) => `HostConfig.${name}`),
];

export type HelperBody = ReturnType<typeof toHelperBody>;

/**
 * Refuses a helper that the engine has built otherwise.
 *
 * @throws CosError `failed_precondition`
 */
export function assertHelperAsAsked(body: HelperBody, inspected: ContainerBody): void {
  const { Image, Labels: _labels, HostConfig, ...config } = body;
  const wanted: [string, unknown][] = [
    ["Image", Image],
    ...Object.entries(config).map(([name, value]): [string, unknown] => [`Config.${name}`, value]),
    ...Object.entries(HostConfig).map(([name, value]): [string, unknown] => [`HostConfig.${name}`, value]),
    ...empty.map((path): [string, unknown] => [path, undefined]),
  ];
  const fields = wanted.filter(([path, value]) => shown(at(inspected, path)) !== shown(value)).map(([path]) => path);
  if (fields.length === 0) return;
  throw new CosError(
    "failed_precondition",
    `The engine built another helper than cos asked for: ${fields.join(", ")}.`,
    {
      details: { fields },
    },
  );
}

/** Engines show what is empty or off as they like, and capabilities with a prefix. */
function shown(value: unknown): string {
  if (value === undefined || value === null || value === false || value === "") return "";
  if (typeof value === "object" && Object.keys(value).length === 0) return "";
  return canonicalJson(
    Array.isArray(value)
      ? value.map((item: unknown) => (typeof item === "string" ? item.replace(/^CAP_/, "") : item))
      : value,
  );
}
