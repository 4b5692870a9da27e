import type { CallOptions } from "./call-options.ts";
import type { ProgressSink } from "./job.ts";
import type { ContainerHealth, ContainerState } from "./resources.ts";
import type { SecretSource } from "./secrets.ts";
import type { WorkloadSpec } from "./spec/workload-spec.ts";

/** A container as an engine makes it, without starting it. */
export interface ContainerRequest {
  readonly spec: WorkloadSpec;
  /** Whose the container is; see {@link ownerName}. */
  readonly owner: string;
  /** Directories on the host below which its bind mounts and build contexts must lie. Default: none. */
  readonly hostRoots?: readonly string[];
  /** `next` makes it under the temporary name of what is to replace another; see {@link temporaryName}. */
  readonly temporary?: "next" | undefined;
  /** Gives the values of the secrets that the spec refers to. */
  readonly secrets?: SecretSource | undefined;
}

export interface CreateOptions extends CallOptions {
  readonly progress?: ProgressSink | undefined;
}

/**
 * What is waited for: the end of the container, restarts by the engine not counted; its health check to succeed; or its
 * health check to have come to any verdict.
 */
export type WaitGoal = "exit" | "healthy" | "checked";

export interface WaitOptions extends CallOptions {
  readonly until: WaitGoal;
}

/** A container when the wait was over. */
export interface WaitResult {
  readonly state: ContainerState;
  /** Of a container that has ended. */
  readonly exitCode?: number | undefined;
  /** Of a container that runs and has a health check. */
  readonly health?: ContainerHealth | undefined;
}
