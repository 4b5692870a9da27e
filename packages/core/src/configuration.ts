/** How a container was made, as far as everybody may know it. */
export interface ContainerConfiguration {
  /** What the command is passed to. */
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Empty when the image says nothing. */
  readonly workingDir: string;
  readonly user: string;
  /** Names of its environment variables. Their values are nobody's to read. */
  readonly variables: readonly string[];
  /** What it may use; undefined where it is not limited. */
  readonly limits: {
    readonly memoryBytes?: number | undefined;
    readonly cpus?: number | undefined;
    readonly pids?: number | undefined;
  };
  readonly mounts: readonly ContainerMount[];
  readonly addresses: readonly NetworkAddress[];
  readonly hardening: ContainerHardening;
  /** How the engine keeps its output, e.g. `json-file`, or `none`. */
  readonly logDriver: string;
}

export interface ContainerMount {
  /** E.g. `bind`, `volume` or `tmpfs`. */
  readonly type: string;
  /** A path of the host, or the name of a volume; empty for those that have none. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface NetworkAddress {
  readonly network: string;
  /** Undefined while the container does not run. */
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

/** What a container may do beyond computing. Capabilities are written without `CAP_`. */
export interface ContainerHardening {
  readonly privileged: boolean;
  readonly readOnlyRoot: boolean;
  /** Whether its processes cannot gain privileges, as by setuid programs. */
  readonly noNewPrivileges: boolean;
  readonly addedCapabilities: readonly string[];
  readonly droppedCapabilities: readonly string[];
  /** Those that it has in common with the host or another container, e.g. `pid` or `network`. */
  readonly sharedNamespaces: readonly string[];
  /** Devices of the host, by path. */
  readonly devices: readonly string[];
}
