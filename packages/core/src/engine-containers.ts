import type { CallOptions, ListOptions } from "./call-options.ts";
import type { ExecOptions, ExecRequest, ExecResult } from "./exec.ts";
import type { FileEntry, FileToWrite, ReadFilesOptions } from "./files.ts";
import type { ContainerRequest, CreateOptions, WaitOptions, WaitResult } from "./lifecycle.ts";
import type { LogChunk, LogOptions } from "./logs.ts";
import type { Container } from "./resources.ts";
import type { ContainerStats } from "./usage.ts";

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

/** What an engine does with containers. All that take an id take the full one, and refuse anything else as `invalid_argument`. */
export interface EngineContainers {
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
}
