import type { CallOptions } from "./call-options.ts";
import type { EngineContainers } from "./engine-containers.ts";
import type { EngineImages } from "./engine-images.ts";
import type { EngineCapabilities, EngineInfo } from "./engine-info.ts";
import type { EngineEvent } from "./events.ts";
import type { JobHandle, JobOptions, JobRequest, JobResult, StartOptions } from "./job.ts";
import type { NetworkRequest } from "./network.ts";
import type { Network, Volume } from "./resources.ts";
import type { DiskUsage } from "./usage.ts";
import type { VolumeRequest, VolumeResult } from "./volume.ts";

/**
 * One connected place that runs containers. Everything that waits takes a `signal` last and throws `CosError`.
 * Ownership is judged with the signer that the engine was connected with.
 */
export interface Engine extends AsyncDisposable {
  /** The name its operator gave it, e.g. `local`. */
  readonly name: string;
  /** The kind of engine, e.g. `docker`. */
  readonly driver: string;
  readonly capabilities: EngineCapabilities;

  /** Asks for a sign of life. @throws CosError `unavailable` */
  ping(options?: CallOptions): Promise<{ version: string; apiVersion: string; latencyMs: number }>;
  info(options?: CallOptions): Promise<EngineInfo>;
  /** What it keeps on its disk. It has to look at all of it, which can take minutes. */
  diskUsage(options?: CallOptions): Promise<DiskUsage>;
  /**
   * What happens to containers from now on, whoever made them and whoever does it. Nothing is asked before the iteration
   * begins. The first event is `resync`; whatever happens after it is told, and perhaps what happened just before. A connection that breaks is opened again for
   * as long as it takes. Endless: the signal, or breaking off, ends it.
   *
   * @throws CosError `unavailable` when the engine cannot be reached at the beginning, or the connection is closed;
   * `cancelled`.
   */
  events(options?: CallOptions): AsyncIterable<EngineEvent>;

  readonly jobs: {
    /**
     * Runs a workload to its end. Its container is removed afterwards in any case, off the caller's time.
     * A job that fails, is killed or times out is a result, not an error.
     *
     * @throws CosError `not_found` (no such image or host path), `denied` (a host path outside the roots),
     * `invalid_argument`, `failed_precondition` (a limit that the engine cannot honour), `already_exists` (its name, or
     * a volume's, is taken), `cancelled` before it started, `unavailable`.
     */
    run(request: JobRequest, options?: JobOptions): Promise<JobResult>;
    /**
     * Starts a workload and leaves it to itself: it outlives this process. The engine keeps its log, and its container
     * stays when it has ended. This connection kills it at its timeout as long as it is open; after that, and an hour
     * after its end, it is the reaper's.
     *
     * @throws CosError as `run`; also `invalid_argument` for a job with standard input, and `failed_precondition` for
     * one that does not start, which is removed.
     */
    start(request: JobRequest, options?: StartOptions): Promise<JobHandle>;
  };

  readonly containers: EngineContainers;
  readonly images: EngineImages;

  readonly networks: {
    /** Networks of any kind. `managed: true` leaves out what does not carry this installation's signature. */
    list(filter?: { readonly managed?: boolean }, options?: CallOptions): Promise<Network[]>;
    /** The managed network that callers call `name`. @throws CosError `not_found` when there is none, or it is not managed. */
    get(name: string, options?: CallOptions): Promise<Network>;
    /**
     * Makes a network, and checks that it is as asked for.
     *
     * @throws CosError `invalid_argument`, `already_exists` when the name is taken, `failed_precondition` when the engine
     * made something else, which is gone then.
     */
    create(request: NetworkRequest, options?: CallOptions): Promise<Network>;
    /**
     * Removes the network with this full id. Succeeds when it is already gone.
     *
     * @throws CosError `conflict` when any container is on it, also one that does not run; `invalid_argument`;
     * `failed_precondition` for a network that the engine cannot be without.
     */
    remove(id: string, options?: CallOptions): Promise<void>;
  };

  readonly volumes: {
    list(filter?: { readonly managed?: boolean }, options?: CallOptions): Promise<Volume[]>;
    /**
     * The volume of this owner that callers call `name`, made unless it is there.
     *
     * @throws CosError `already_exists` when its name is taken by a volume that is somebody else's, or was made with
     * driver options; `invalid_argument`
     */
    ensure(request: VolumeRequest, options?: CallOptions): Promise<VolumeResult>;
    /**
     * Removes the volume with this name on the engine, and its data. Succeeds when it is already gone.
     *
     * @throws CosError `conflict` when a container uses it, with `details.containerIds` as far as the engine says them.
     */
    remove(name: string, options?: CallOptions): Promise<void>;
  };

  /**
   * Ends running jobs and commands, waits for removals under way, then lets go of all connections.
   *
   * @param options `handOver` waits only until the engine has been told of the removals, and leaves them to it. For
   * processes that are about to exit; should the engine fail at one, the next reaping finds it.
   */
  close(options?: { readonly handOver?: boolean }): Promise<void>;
}
