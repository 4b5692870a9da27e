import * as z from "zod";
import { CosError } from "./errors.ts";
import type { FileSink } from "./files.ts";
import type { Interaction } from "./interaction.ts";
import type { OutputSink } from "./output.ts";
import type { SecretSource } from "./secrets.ts";
import type { WorkloadSpec } from "./spec/workload-spec.ts";

const milliseconds = z.number().min(0);

/** A file that a job left. */
export const artifact = z.strictObject({
  path: z.string().describe("Absolute path in the container."),
  size: z.int().min(0).describe("Bytes."),
  sha256: z.string().optional().describe("Of the whole content, as hex; missing when it was not read."),
  content: z.string().optional().describe("The whole content; missing when it is too large."),
  encoding: z.enum(["utf8", "base64"]).optional().describe("How content is written here."),
  truncated: z.boolean().optional().describe("It was too much to read, and so is what follows in its directory."),
});

export type Artifact = z.output<typeof artifact>;

/** How a job ended. Durations are wall time in milliseconds. */
export const jobResult = z.strictObject({
  containerId: z.string(),
  name: z.string().describe("The container's name on the engine."),
  imageId: z.string(),
  exitCode: z.int().describe("As the engine reports it: 128 + signal when a signal ended the job."),
  signal: z.string().optional().describe('The signal that ended it, e.g. "SIGKILL", when the exit code tells one.'),
  stdout: z.string(),
  stderr: z.string(),
  stdoutCutBytes: z.int().min(0).describe("Bytes left out of the middle of stdout."),
  stderrCutBytes: z.int().min(0).describe("Bytes left out of the middle of stderr."),
  timedOut: z.boolean(),
  oomKilled: z.boolean().describe("The kernel killed a process of the job for want of memory."),
  cancelled: z.boolean(),
  outputLost: z.boolean().describe("The connection broke while the job ran, so output is missing."),
  artifacts: z
    .array(artifact)
    .optional()
    .describe("Files that were asked for. Contents of up to 256 KiB each and 1 MiB together; 64 MiB are read."),
  missingArtifacts: z
    .array(z.string())
    .optional()
    .describe("Paths asked for that the job did not leave, or that could not be read."),
  hint: z.string().optional().describe("Why the job may have failed, and what to change."),
  durations: z.strictObject({
    queuedMs: milliseconds.describe("Waiting for a free place to start."),
    pulledMs: milliseconds.describe("Getting the image."),
    createdMs: milliseconds.describe("Creating and checking the container."),
    ranMs: milliseconds.describe("From start to result."),
  }),
});

export type JobResult = z.output<typeof jobResult>;

/** A job that was started and left to itself: what finds it again. */
export interface JobHandle {
  readonly containerId: string;
  /** The container's name on the engine. */
  readonly name: string;
  readonly imageId: string;
  readonly startedAt: Date;
}

/** A step of long work, for people and clients that wait. */
export interface ProgressEvent {
  readonly phase: "queue" | "pull" | "build" | "push" | "create" | "start";
  readonly message: string;
  /** Work done and in all, in the unit of the phase (bytes when pulling), where known. */
  readonly done?: number | undefined;
  readonly total?: number | undefined;
}

export type ProgressSink = (event: ProgressEvent) => void;

/** A job as an engine takes it. */
export interface JobRequest {
  readonly spec: WorkloadSpec;
  /** Whose the job is; see {@link ownerName}. */
  readonly owner: string;
  /** Directories on the host below which the job's bind mounts and build contexts must lie. Default: none. */
  readonly hostRoots?: readonly string[];
  /** Bytes of each output stream that the result keeps; 1 MiB unless set. */
  readonly outputBytes?: number;
  /** Gives the values of the secrets that the spec refers to. They are taken out of the output, kept and live. */
  readonly secrets?: SecretSource | undefined;
}

export interface JobOptions {
  /** Talks with the job while it runs, instead of the `stdin` of its spec. */
  readonly interaction?: Interaction | undefined;
  readonly output?: OutputSink | undefined;
  /** Takes the artifacts, whatever their size, instead of their content in the result. */
  readonly artifacts?: FileSink | undefined;
  readonly progress?: ProgressSink | undefined;
  /** Cancels the job: its container is killed, and the result has `cancelled: true` if it had started. */
  readonly signal?: AbortSignal | undefined;
}

/** What a job that nobody waits for can be told while it is prepared. */
export type StartOptions = Pick<JobOptions, "progress" | "signal">;

/**
 * Refuses a service where a job is run: it would be killed and removed at its first end.
 *
 * @throws CosError `invalid_argument`
 */
export function assertIsJob({ lifecycle }: WorkloadSpec): void {
  if (lifecycle === "ephemeral") return;
  throw new CosError("invalid_argument", "A service is not run as a job.", { hint: "Leave lifecycle out." });
}

/**
 * Refuses a job that only somebody who stays with it could run.
 *
 * @throws CosError `invalid_argument`
 */
export function assertDetachable(spec: WorkloadSpec): void {
  assertIsJob(spec);
  if (spec.artifacts.length > 0) {
    throw new CosError("invalid_argument", "A detached job has no artifacts: nobody stays to read them.", {
      hint: "Get its files from its container before that is removed.",
    });
  }
  if (spec.stdin === undefined) return;
  throw new CosError("invalid_argument", "A detached job has no standard input: nobody stays to write it.", {
    hint: "Run it attached, or pass the data by files, a mount or a variable.",
  });
}
