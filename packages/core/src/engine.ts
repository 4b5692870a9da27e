import type { EngineEvent } from "./events.ts";
import type { FileEntry, FileToWrite, ReadFilesOptions } from "./files.ts";
import type { JobHandle, JobOptions, JobRequest, JobResult, ProgressSink, StartOptions } from "./job.ts";
import type {
  ImageBuildOptions,
  ImageBuildRequest,
  ImageBuildResult,
  ImagePushResult,
  TransferOptions,
} from "./image.ts";
import type { ExecOptions, ExecRequest, ExecResult } from "./exec.ts";
import type { ContainerRequest, CreateOptions, WaitOptions, WaitResult } from "./lifecycle.ts";
import type { NetworkRequest } from "./network.ts";
import type { LogChunk, LogOptions } from "./logs.ts";
import type { Container, Image, Network, Volume } from "./resources.ts";
import type { VolumeRequest, VolumeResult } from "./volume.ts";
import type { EnvSpec } from "./spec/environment.ts";
import type { ContainerStats, DiskUsage } from "./usage.ts";

/** What an engine can do and has, as data. */
export interface EngineCapabilities {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Limits that the engine enforces, not merely accepts. */
  readonly limits: { readonly cpus: boolean; readonly memory: boolean; readonly pids: boolean };
  /** Whether images can be built. */
  readonly build: boolean;
  /** Whether bind mounts name paths of the machine that cos runs on. */
  readonly localFiles: boolean;
}

/** What an engine says of itself. */
export interface EngineInfo {
  readonly version: string;
  readonly apiVersion: string;
  readonly os: string;
  readonly architecture: string;
  readonly kernel: string;
  readonly cgroupVersion: string;
  readonly cgroupDriver: string;
  readonly rootless: boolean;
  readonly storageDriver: string;
  readonly dataRoot: string;
  readonly securityOptions: readonly string[];
  readonly liveRestore: boolean;
  /**
   * What kills commands that overrun in containers: the id of an image, or the program to build one from; undefined when
   * there is neither.
   */
  readonly helperImage?: string | undefined;
  /** Parts of the engine with their versions, e.g. `runc` and `containerd`. */
  readonly components: readonly { readonly name: string; readonly version: string }[];
  readonly warnings: readonly string[];
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface StopOptions extends CallOptions {
  /** Seconds between asking the container to end and killing it, 0 to 3600; 10 unless set. */
  readonly graceSeconds?: number | undefined;
}

export interface KillOptions extends CallOptions {
  /** The signal that its first process gets, e.g. `SIGTERM`; `SIGKILL` unless set. */
  readonly killSignal?: string | undefined;
}

export interface RemoveOptions extends CallOptions {
  /** Whether a running container is killed first; true unless set. */
  readonly force?: boolean | undefined;
}

export interface ListOptions extends CallOptions {
  /** Whether to find out `sizeBytes` of containers and `use` of images, for which engines take longer. */
  readonly sizes?: boolean | undefined;
}

export interface ImageRemoveOptions extends CallOptions {
  /** Whether neither several tags nor stopped containers keep it; true unless set. */
  readonly force?: boolean | undefined;
}

export interface ImageOptions extends CallOptions {
  readonly pull?: "missing" | "always" | "never" | undefined;
  readonly progress?: ProgressSink | undefined;
  /** Directories below which build contexts must lie. Default: none. */
  readonly hostRoots?: readonly string[] | undefined;
  readonly owner: string;
}

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

  /** Of these, all that take an id take the full one, and refuse anything else as `invalid_argument`. */
  readonly containers: {
    /** Containers in any state. `managed: true` leaves out what does not carry this installation's signature. */
    list(filter?: { readonly managed?: boolean }, options?: ListOptions): Promise<Container[]>;
    /** One container with its `details`. @throws CosError `not_found` */
    get(id: string, options?: CallOptions): Promise<Container>;
    /**
     * Makes the container of a workload, with the volumes it names, and compares it with what was asked for. It is not
     * started; what differs is removed.
     *
     * @throws CosError as {@link Engine.jobs} when the workload cannot be had so.
     */
    create(request: ContainerRequest, options?: CreateOptions): Promise<Container>;
    /**
     * Starts a container that does not run. Succeeds when it runs already.
     *
     * @throws CosError `not_found`; `failed_precondition` with the engine's reason; `conflict` when a port it publishes is
     * taken.
     */
    start(id: string, options?: CallOptions): Promise<void>;
    /**
     * Gives a container another name on the engine: that of a workload, or one of its temporary names. Succeeds when it has
     * that name already.
     *
     * @throws CosError `already_exists`, `not_found`, `invalid_argument`
     */
    rename(id: string, name: string, options?: CallOptions): Promise<void>;
    /**
     * Waits until the container has come so far, for which the engine is not asked again and again. Ends at once when it
     * has already; one that was never started has ended.
     *
     * @throws CosError `failed_precondition` when it has no health check, or ends before that says what is waited for;
     * `not_found` when it is removed meanwhile; `cancelled`.
     */
    wait(id: string, options: WaitOptions): Promise<WaitResult>;
    /**
     * Asks the container to end, and kills it after the grace. Succeeds when it has ended or is gone. Cancelling gives
     * up waiting; the engine goes on.
     */
    stop(id: string, options?: StopOptions): Promise<void>;
    /** Stops it, if it runs, and starts it again. @throws CosError `not_found`, `failed_precondition` (it does not start) */
    restart(id: string, options?: StopOptions): Promise<void>;
    /** Sends its first process a signal. Succeeds when it has ended or is gone. @throws CosError `invalid_argument` */
    kill(id: string, options?: KillOptions): Promise<void>;
    /**
     * Removes it with its anonymous volumes. Succeeds when it is already gone.
     *
     * @throws CosError `conflict` when it runs and `force` is false.
     */
    remove(id: string, options?: RemoveOptions): Promise<void>;
    /** What it uses now, measured over a second or two. @throws CosError `not_found`, `failed_precondition` when it does not run */
    stats(id: string, options?: CallOptions): Promise<ContainerStats>;
    /**
     * A file, or everything below a directory, running or not; the directory itself comes first. A path that is a symbolic
     * link means what it leads to in the container; below it links are named and not followed. Nothing is asked before the
     * iteration begins.
     *
     * @throws CosError `not_found`; `failed_precondition` for more bytes than the limit, and in a tmpfs, which only the
     * container sees; `unavailable` when it breaks off.
     */
    readFiles(id: string, path: string, options?: ReadFilesOptions): AsyncIterable<FileEntry>;
    /**
     * Writes files below an existing directory, running or not. They belong to the container's user where that is a
     * number, else to root. A file replaces a file or link of its name; directories that are missing are made. What was
     * written before a failure stays.
     *
     * @throws CosError `not_found`; `conflict` when a file meets a directory of its name; `failed_precondition` for what is
     * read-only, a tmpfs or a directory of the host.
     */
    writeFiles(
      id: string,
      directory: string,
      entries: AsyncIterable<FileToWrite> | Iterable<FileToWrite>,
      options?: CallOptions,
    ): Promise<{ files: number; bytes: number }>;
    /**
     * What it has written, oldest first: so far, or with `follow` until it ends. Nothing is asked before the iteration
     * begins; breaking it off closes the stream.
     *
     * @throws CosError `invalid_argument` for options that {@link assertLogOptions} refuses; `not_found`; `unsupported`
     * when the engine keeps no log of it, as of attached jobs; `unavailable` when the log breaks off, or the engine goes
     * away while it is followed.
     */
    logs(id: string, options?: LogOptions): AsyncIterable<LogChunk>;
    /**
     * Runs a command in a container that runs, to its end. One that fails, times out or is cancelled is a result, not an
     * error. A timeout and the signal kill it with everything that it has started; `killed` says whether that is proved.
     * What a command that ends by itself leaves in the background runs on.
     *
     * @throws CosError `not_found`, `invalid_argument`; `failed_precondition` when the container does not run, or cannot
     * start the command; `cancelled` before it started; `unavailable`, with `details.unknown` when it may have run.
     */
    exec(id: string, request: ExecRequest, options?: ExecOptions): Promise<ExecResult>;
    /**
     * Lets containers go on that were halted to kill a command in them, by a process of cos that died meanwhile.
     *
     * @returns their ids.
     */
    recover(options?: CallOptions): Promise<string[]>;
  };

  readonly images: {
    /** The image of an environment: found, pulled, or built. */
    ensure(env: EnvSpec, options: ImageOptions): Promise<Image>;
    /** The image that is here under exactly this reference or full id, or undefined. @throws CosError `invalid_argument` */
    find(name: string, options?: CallOptions): Promise<Image | undefined>;
    /**
     * Brings an image, or what has changed of it, from its registry. The tag moves to it.
     *
     * @throws CosError `not_found`, `denied` (the registry), `unsupported` (not for this platform), `unavailable`,
     * `invalid_argument` (an id), `deadline_exceeded`, `cancelled`
     */
    pull(reference: string, options?: TransferOptions): Promise<Image>;
    /**
     * Builds an image, or finds the one of the same content, and gives it its tag. A tag that is on another image moves
     * only if this owner had that image built for it.
     *
     * @throws CosError `already_exists` when the tag is somebody else's; as `ensure`; `unsupported`
     */
    build(request: ImageBuildRequest, options?: ImageBuildOptions): Promise<ImageBuildResult>;
    /**
     * Sends what this tag names to its registry. When it fails halfway the registry may keep layers, but not the tag.
     *
     * @throws CosError `not_found` (no such tag here, or the registry has no such place), `denied` (the registry),
     * `unavailable`, `invalid_argument`, `deadline_exceeded`, `cancelled`
     */
    push(tag: string, options?: TransferOptions): Promise<ImagePushResult>;
    /**
     * Takes a tag away, and with its last tag the image. Succeeds when it is already gone.
     *
     * @throws CosError `conflict` when it is the last one and a container, also one that does not run, uses the image.
     */
    removeTag(tag: string, options?: CallOptions): Promise<void>;
    /** Images, built and pulled ones. `managed: true` leaves out what does not carry this installation's signature. */
    list(filter?: { readonly managed?: boolean }, options?: ListOptions): Promise<Image[]>;
    /**
     * Removes the image with this full id. Succeeds when it is already gone.
     *
     * @throws CosError `conflict` when a running container or another image needs it; without `force` also when it has
     * several tags, or a container that does not run was made from it.
     */
    remove(id: string, options?: ImageRemoveOptions): Promise<void>;
  };

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
