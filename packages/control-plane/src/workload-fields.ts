import { CosError, defineWorkload, envSpec, limitsSpec, type WorkloadInput, workloadInput } from "@cos/core";
import * as z from "zod";
import type { Caller } from "./caller.ts";
import { buildFields, toEnvironment } from "./environment-fields.ts";
import { once } from "./once.ts";

/** How long an agent's job may run unless it says otherwise, in seconds. People at a terminal have Ctrl-C instead. */
const agentTimeoutSeconds = 300;

/** The fields that jobs and services have in common. */
export const sharedFields = once(() => {
  const { shape } = workloadInput;
  return {
    image: envSpec.shape.image,
    command: shape.command,
    ...buildFields(),
    entrypoint: shape.entrypoint,
    env: shape.variables,
    mounts: shape.mounts.describe("What to mount."),
    publish: shape.ports,
    network: shape.network.describe(
      "none, bridge, or a managed network. Default: none; bridge when a port is published.",
    ),
    profile: shape.profile.describe(
      "Hardening. sandbox (default): no capabilities; service: those of servers; strict: none, a read-only root, not as root.",
    ),
    cpus: limitsSpec.shape.cpus,
    memory: limitsSpec.shape.memory,
    pids: limitsSpec.shape.pids,
    tmpfsSize: limitsSpec.shape.tmpfs,
    user: shape.user,
    workingDir: shape.workingDir.describe("Working directory; default: the image's."),
    project: shape.project,
    purpose: shape.purpose,
    labels: shape.labels,
    pull: shape.pull,
  };
});

const fields = once(() => {
  const { stdin, stdinEncoding, files, artifacts, timeoutSeconds, ttlSeconds, name } = workloadInput.shape;
  return z.strictObject({
    ...sharedFields(),
    stdin,
    stdinEncoding,
    files,
    artifacts,
    timeoutSeconds: timeoutSeconds.describe(
      "Seconds until the job is killed. Default: 300 for agents, none at a terminal.",
    ),
    ttlSeconds: ttlSeconds.describe(
      "Seconds until it may be removed, running or not. Default: a minute more than the timeout.",
    ),
    name: name.describe("The container is called cos-<name>."),
  });
});

/**
 * A workload as one flat object, which command lines and language models write more easily than a nested one.
 * Fields that contradict each other do not parse.
 */
export const workloadFields = once(() =>
  fields().superRefine((value, context) => {
    // What is wrong with a single field has been said; the whole is judged once its parts are right.
    if (context.issues.length > 0) return;
    const person = { kind: "terminal", name: "user", hostRoots: [] } as const;
    for (const message of findContradictions(value, () => toWorkload(value, person))) {
      context.addIssue({ code: "custom", message });
    }
  }),
);

/** What is wrong with fields that are each right by themselves. */
export function findContradictions(value: SharedFields, toWorkload: () => WorkloadInput): string[] {
  const { image, base, provision, buildContext, dockerfile, inlineDockerfile, buildArguments, buildTarget } = value;
  const sources = [
    image,
    base ?? provision,
    buildContext ?? dockerfile ?? inlineDockerfile ?? buildArguments ?? buildTarget,
  ];
  if (sources.filter((source) => source !== undefined).length !== 1) {
    return ["give one source of the image: `image`, `base` with `provision`, or `buildContext` or `inlineDockerfile`"];
  }
  try {
    defineWorkload(toWorkload());
    return [];
  } catch (error) {
    const { message, hint, details } = CosError.from(error);
    const issues = details?.["issues"] as readonly { readonly message: string }[] | undefined;
    return issues?.map((issue) => issue.message) ?? [hint === undefined ? message : `${message} ${hint}`];
  }
}

export type WorkloadFields = z.output<ReturnType<typeof fields>>;
/** The shared fields as they parse. */
export type SharedFields = z.output<z.ZodObject<ReturnType<typeof sharedFields>>>;

/** The job that flat fields describe, with the defaults that depend on who asks. */
export function toWorkload(fields: WorkloadFields, caller: Caller): WorkloadInput {
  const bind = fields.mounts.some(({ type }) => type === "bind");
  const agent = caller.kind === "stdio" || caller.kind === "http";
  const timeoutSeconds = fields.timeoutSeconds ?? (agent ? agentTimeoutSeconds : undefined);
  const user = fields.user ?? (bind ? ownUser() : undefined);
  return {
    ...toSharedPart(fields),
    ...given(fields, ["stdin", "ttlSeconds", "name"]),
    stdinEncoding: fields.stdinEncoding,
    files: fields.files,
    artifacts: fields.artifacts,
    ...(user === undefined ? {} : { user }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

/** The part of a workload that the shared fields describe; all but the user, whose default depends. */
export function toSharedPart(fields: SharedFields): WorkloadInput {
  return {
    ...given(fields, ["command", "entrypoint", "network", "profile", "workingDir", "project", "purpose"]),
    env: toEnvironment(fields),
    mounts: fields.mounts,
    variables: fields.env,
    labels: fields.labels,
    limits: { ...given(fields, ["cpus", "memory"]), pids: fields.pids, tmpfs: fields.tmpfsSize },
    ports: fields.publish,
    pull: fields.pull,
  };
}

/** Files made on a bind mount should belong to whoever asked for it, so what makes them runs as that user. */
export function ownUser(): string | undefined {
  return process.getuid === undefined ? undefined : `${process.getuid()}:${process.getgid?.() ?? process.getuid()}`;
}

type Given<T, K extends keyof T> = { [P in K]?: Exclude<T[P], undefined> };

/** Those of the named members that are there. */
export function given<T extends object, K extends keyof T>(from: T, names: readonly K[]): Given<T, K> {
  const present = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]] as const);
  return Object.fromEntries(present) as Given<T, K>;
}
