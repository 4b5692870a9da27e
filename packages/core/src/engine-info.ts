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
