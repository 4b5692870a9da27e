import * as z from "zod";
import { CosError } from "../errors.ts";
import { parseWith } from "../parse.ts";
import { envSpec } from "./environment.ts";
import { areDecodable, fileSpec } from "./files.ts";
import { limitsSpec } from "./limits.ts";
import { type MountSpec, mountSpec } from "./mounts.ts";
import {
  networkName,
  oneLine,
  resourceName,
  userLabelName,
  userName,
  variableName,
  variableValue,
  withoutNul,
} from "./names.ts";
import { containerPath } from "./paths.ts";
import { parsePort, publishedPort } from "./ports.ts";
import { toSecretName } from "../secrets.ts";

/** Longest standard input a spec can carry, in bytes after decoding. */
export const maxStdinBytes = 16 * 1024 * 1024;

const argument = withoutNul(131_072);
const command = z.union([argument.min(1), z.array(argument).min(1).max(1024)], {
  error: "expected a shell command line, or a list of arguments",
});

const healthCheckSpec = z.strictObject({
  command: command.describe("Healthy when it exits with 0. A string is run by /bin/sh -c."),
  intervalSeconds: z.int().min(5).max(3600).default(30),
  timeoutSeconds: z.int().min(1).max(3600).default(10),
  retries: z.int().min(1).max(100).default(3),
  startPeriodSeconds: z.int().min(0).max(3600).default(0),
});

const profileName = z.enum(["sandbox", "service", "strict"]);

const day = 86_400;

const resolvedFields = {
  env: envSpec,
  command: command
    .optional()
    .describe("A string is run by /bin/sh -c instead of the entrypoint; a list is passed to the entrypoint."),
  entrypoint: z.array(argument).min(1).max(64).optional().describe("Replaces the image's entrypoint."),
  stdin: z
    .string()
    .max(Math.ceil((maxStdinBytes * 4) / 3) + 4)
    .optional()
    .describe("Standard input of the command."),
  stdinEncoding: z.enum(["utf8", "base64"]).default("utf8").describe("How `stdin` is written."),
  files: z.array(fileSpec).max(64).default([]).describe("Files that the job finds: 1 MiB in all, not in a tmpfs."),
  artifacts: z
    .array(containerPath)
    .max(32)
    .default([])
    .describe("Absolute paths of files or directories to answer with."),
  mounts: z.array(mountSpec).max(32).default([]),
  variables: z
    .record(variableName, variableValue)
    .default({})
    .describe("Environment variables; secret://NAME stands for a secret of the operator."),
  labels: z.record(userLabelName, oneLine(1024)).default({}).describe("Labels of your own, named user.*."),
  limits: limitsSpec.prefault({}),
  network: networkName.describe("none, bridge, or a managed network."),
  user: userName.optional().describe("User, e.g. 1000:1000; default: the image's."),
  workingDir: containerPath.optional(),
  ports: z.array(publishedPort).max(64).default([]).describe("Ports on 127.0.0.1, e.g. 8080:80."),
  profile: profileName.describe("How much the container is hardened."),
  healthCheck: healthCheckSpec.optional(),
  restart: z
    .strictObject({ maxAttempts: z.int().min(1).max(5) })
    .optional()
    .describe("Restart a failed service this often."),
  lifecycle: z.enum(["ephemeral", "persistent"]).default("ephemeral").describe("A job, or a service."),
  name: resourceName.optional(),
  project: resourceName.optional().describe("Groups workloads that belong together."),
  purpose: oneLine(256).optional().describe("What it is for, in words."),
  ttlSeconds: z
    .int()
    .min(1)
    .max(365 * day)
    .optional()
    .describe("Removed when it is older than this."),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(30 * day)
    .optional()
    .describe("A job that runs longer is killed."),
  pull: z.enum(["missing", "always", "never"]).default("missing").describe("When to pull the image."),
} as const;

/** The full form of a spec, every default filled in. */
const workloadSpec = z.strictObject(resolvedFields);

/** What callers write: the profile and the network may be left to their defaults. */
export const workloadInput = z.strictObject({
  ...resolvedFields,
  network: resolvedFields.network.optional(),
  profile: profileName.optional(),
});

/** What somebody asks to run, as written by hand. */
export type WorkloadInput = z.input<typeof workloadInput>;
/** What somebody asks to run, checked and complete. Made by {@link defineWorkload}. */
export type WorkloadSpec = z.output<typeof workloadSpec>;
export type Profile = z.output<typeof profileName>;
export type HealthCheckSpec = z.output<typeof healthCheckSpec>;

/**
 * Checks a workload and fills in what it leaves out. Nothing happens on any engine.
 *
 * Defaults: jobs run in profile `sandbox` on network `none`, services in `service` on `bridge`; publishing a port
 * implies `bridge`. Defining an already defined spec again gives an equal spec.
 *
 * @throws CosError `invalid_argument` naming each field that is wrong, unknown ones included.
 */
export function defineWorkload(input: WorkloadInput): WorkloadSpec {
  const parsed = parseWith(workloadInput, input, "workload");
  const persistent = parsed.lifecycle === "persistent";
  const spec: WorkloadSpec = {
    ...parsed,
    profile: parsed.profile ?? (persistent ? "service" : "sandbox"),
    network: parsed.network ?? (persistent || parsed.ports.length > 0 ? "bridge" : "none"),
  };
  for (const [wrong, message, hint] of contradictions(spec)) {
    if (wrong) throw new CosError("invalid_argument", message, { hint });
  }
  return spec;
}

function* contradictions(spec: WorkloadSpec): Generator<readonly [boolean, string, string]> {
  const persistent = spec.lifecycle === "persistent";
  yield [
    spec.ports.length > 0 && spec.network === "none",
    "Ports cannot be published on network none.",
    "Leave network out, or use bridge.",
  ];
  yield [
    typeof spec.command === "string" && spec.entrypoint !== undefined,
    "A command line replaces the entrypoint, so the two exclude each other.",
    "Give the command as a list of arguments to the entrypoint.",
  ];
  yield [persistent && spec.name === undefined, "A service needs a name.", "Give it a name; it becomes its host name."];
  yield [
    persistent && spec.timeoutSeconds !== undefined,
    "A service has no timeout.",
    "Use ttlSeconds to have it removed.",
  ];
  yield [
    persistent && spec.stdin !== undefined,
    "A service has no standard input.",
    "Pass data by a mount or a variable.",
  ];
  yield [
    !persistent && spec.restart !== undefined,
    "A job is not restarted.",
    "Use lifecycle persistent, or leave restart out.",
  ];
  yield [
    !persistent && spec.healthCheck !== undefined,
    "A job has no health check.",
    "Use lifecycle persistent, or leave it out.",
  ];
  yield [
    spec.stdin !== undefined && !isDecodable(spec.stdin, spec.stdinEncoding),
    "stdin is not base64, or larger than 16 MiB.",
    "Mount a file for larger input.",
  ];
  yield [
    Object.values(spec.env.build?.arguments ?? {}).some((value) => toSecretName(value) !== undefined),
    "Build arguments stay in the image's history, so no secret is one.",
    "Give the secret to the container as a variable.",
  ];
  yield* contradictionsOfFiles(spec);
  const hostPorts = spec.ports
    .map((text) => parsePort(text))
    .filter((port) => port !== undefined && port.hostPort !== 0);
  yield [
    new Set(hostPorts.map((port) => `${port?.hostPort}/${port?.protocol}`)).size < hostPorts.length,
    "A host port is published twice.",
    "Give each published port its own host port.",
  ];
  const targets = spec.mounts.map((mount) => mount.target);
  yield [
    targets.some((a, i) => targets.some((b, j) => i !== j && (a === b || b.startsWith(`${a}/`)))),
    "Two mounts have the same target, or one lies inside another.",
    "Give each mount a target of its own.",
  ];
}

/** Whether text is what its encoding says, and not too long for a standard input. */
export function isDecodable(text: string, encoding: "utf8" | "base64"): boolean {
  if (encoding === "base64" && (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))) return false;
  return Buffer.byteLength(text, encoding) <= maxStdinBytes;
}

function* contradictionsOfFiles(spec: WorkloadSpec): Generator<readonly [boolean, string, string]> {
  const { files, artifacts, mounts, profile } = spec;
  const paths = files.map(({ path }) => path);
  const strict = profile === "strict";
  const tmpfs = mounts.filter(({ type }) => type === "tmpfs").map(({ target }) => target);
  const hidden = strict && !mounts.some(({ target }) => isWithin(target, "/tmp")) ? [...tmpfs, "/tmp"] : tmpfs;
  const inHidden = [...paths, ...artifacts].find((path) => hidden.some((target) => isWithin(path, target)));
  const mountOf = (path: string) => mounts.find(({ target }) => isWithin(path, target));
  yield [
    spec.lifecycle === "persistent" && files.length + artifacts.length > 0,
    "A service has neither files nor artifacts of its own.",
    "Use a volume, or put files into it once it runs.",
  ];
  yield [
    !areDecodable(files),
    "A file is not base64, or the files are larger than 1 MiB together.",
    "Use a volume or a mount for larger files.",
  ];
  yield [
    paths.some((a, i) => paths.some((b, j) => i !== j && isWithin(b, a))),
    "Two files have the same path, or one lies inside another.",
    "Give each file a path of its own.",
  ];
  yield [
    inHidden !== undefined,
    `${inHidden} lies in a tmpfs, which only the job itself sees.`,
    "Choose a path outside of it, or a volume.",
  ];
  yield [
    paths.some((path) => mountOf(path)?.type === "bind"),
    "A file would be written to a directory of the host.",
    "Write it there yourself, or choose another path.",
  ];
  yield [
    paths.some((path) => isReadOnlyVolume(mountOf(path))),
    "A file lies in a volume that is mounted read-only.",
    "Mount it writable, or choose another path.",
  ];
  yield [
    strict && paths.some((path) => mountOf(path)?.type !== "volume"),
    "Profile strict has a read-only root, so a file must lie in a volume.",
    "Mount a volume there, or use profile sandbox.",
  ];
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function isReadOnlyVolume(mount: MountSpec | undefined): boolean {
  return mount?.type === "volume" && mount.readOnly === true;
}
