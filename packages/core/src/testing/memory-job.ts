import { constants } from "node:os";
import { CosError } from "../errors.ts";
import { assertOneInput, type Interaction } from "../interaction.ts";
import type { JobOptions } from "../job.ts";
import { BoundedOutput } from "../output.ts";
import { type Redaction, redactOutput } from "../redaction.ts";
import { parseByteSize } from "../spec/sizes.ts";
import type { WorkloadSpec } from "../spec/workload-spec.ts";
import type { MemoryFiles } from "./memory-files.ts";
import type { MemoryMount } from "./memory-mounts.ts";

/** A job as an image's program sees it. */
export interface MemoryJob {
  /** What to run: a command line arrives as `["/bin/sh", "-c", line]`, a list after the entrypoint. */
  readonly command: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: string;
  readonly stdin: Uint8Array;
  /** Who talks with it; its input is read instead of `stdin`. */
  readonly interaction?: Interaction | undefined;
  /** What is mounted, by target. */
  readonly mounts: ReadonlyMap<string, MemoryMount>;
  /** What is in the container itself, by absolute path. */
  readonly files: MemoryFiles;
  /** Writes output. Resolves when the sink has taken it; rejects once the job is killed. */
  readonly stdout: (data: string | Uint8Array) => Promise<void>;
  readonly stderr: (data: string | Uint8Array) => Promise<void>;
  /** Takes memory. A job that takes more than its limit is killed. */
  readonly allocate: (bytes: number) => void;
  /** Aborts when the job is killed; nobody waits for the program after that. */
  readonly signal: AbortSignal;
}

/** What an image of the in-memory engine does: it resolves with the exit code. */
export type MemoryProgram = (job: MemoryJob) => Promise<number>;

/** Why a job was killed. */
export type KillReason = "timeout" | "cancel" | "memory" | "stop";

/** How a program ended. */
interface MemoryEnding {
  readonly exitCode: number;
  readonly signal: string | undefined;
  readonly killedBy: KillReason | undefined;
  readonly stdout: BoundedOutput;
  readonly stderr: BoundedOutput;
}

interface MemoryRun {
  readonly spec: WorkloadSpec;
  /** The spec's variables, with values for secrets. */
  readonly variables: Readonly<Record<string, string>>;
  /** What its output is passed through. */
  readonly redaction?: Redaction | undefined;
  readonly mounts: ReadonlyMap<string, MemoryMount>;
  readonly files: MemoryFiles;
  readonly outputBytes: number | undefined;
  readonly options: JobOptions;
  /** Kills the job when it aborts, with a {@link KillReason} as the reason. */
  readonly kill: AbortController;
}

/** Node fires timers that are set for longer than this at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Runs a program until it ends or is killed, whichever comes first. */
export async function runProgram(
  program: MemoryProgram,
  { spec, variables, redaction, mounts, files, outputBytes, options, kill }: MemoryRun,
): Promise<MemoryEnding> {
  assertOneInput(spec, options.interaction);
  const kept = { stdout: new BoundedOutput(outputBytes), stderr: new BoundedOutput(outputBytes) };
  const redacted = redactOutput(redaction, async (chunk) => {
    kept[chunk.stream].push(chunk.data);
    await options.output?.(chunk);
  });
  let lastWrite = Promise.resolve();
  const writeTo = (stream: "stdout" | "stderr") => (data: string | Uint8Array) => {
    lastWrite = lastWrite.then(async () => {
      kill.signal.throwIfAborted();
      await redacted.push({ stream, data: Buffer.from(data) });
    });
    lastWrite.catch(() => undefined);
    return lastWrite;
  };
  let allocatedBytes = 0;
  const job: MemoryJob = {
    command:
      typeof spec.command === "string"
        ? ["/bin/sh", "-c", spec.command]
        : [...(spec.entrypoint ?? []), ...(spec.command ?? [])],
    variables,
    workingDir: spec.workingDir ?? "/",
    user: spec.user ?? "0",
    stdin: Buffer.from(spec.stdin ?? "", spec.stdinEncoding),
    interaction: options.interaction,
    mounts,
    files,
    stdout: writeTo("stdout"),
    stderr: writeTo("stderr"),
    allocate(bytes) {
      allocatedBytes += bytes;
      if (allocatedBytes > parseByteSize(spec.limits.memory ?? "2g")) kill.abort("memory" satisfies KillReason);
    },
    signal: kill.signal,
  };

  const killed = new Promise<undefined>((resolve) =>
    kill.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  );
  const cancel = () => kill.abort("cancel" satisfies KillReason);
  const expire = () => kill.abort("timeout" satisfies KillReason);
  const timeout =
    spec.timeoutSeconds === undefined
      ? undefined
      : setTimeout(expire, Math.min(spec.timeoutSeconds * 1000, longestTimerMs));
  options.signal?.addEventListener("abort", cancel, { once: true });
  try {
    const ended = program(job).then(async (code) => {
      await lastWrite;
      return code;
    });
    const code = await Promise.race([killed, ended]).catch((error: unknown) => {
      if (kill.signal.aborted) return undefined;
      throw CosError.from(error);
    });
    await redacted.end();
    const killedBy = code === undefined ? (kill.signal.reason as KillReason) : undefined;
    const exitCode = code ?? 137;
    return { exitCode, signal: signalOf(exitCode), killedBy, ...kept };
  } finally {
    clearTimeout(timeout);
    options.signal?.removeEventListener("abort", cancel);
  }
}

function signalOf(exitCode: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
}
