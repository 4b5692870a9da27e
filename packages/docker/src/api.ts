/**
 * The parts of Docker's API bodies that cos reads. Everything is optional or nullable where engines differ; nothing
 * of this leaves the package.
 */
export interface ImageBody {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Created: string;
  readonly Size: number;
  readonly Config?: {
    readonly Env?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly User?: string | null;
    readonly WorkingDir?: string | null;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly StopSignal?: string | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly OnBuild?: readonly string[] | null;
  } | null;
}

/** One row of `GET /images/json`. */
export interface ImageRow {
  readonly Id: string;
  /** The image it was built on, where the engine knows it; else empty. */
  readonly ParentId?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  /** In seconds. */
  readonly Created: number;
  readonly Size: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** `GET /containers/{id}/json`; rows of the compiler read further members by path. */
export interface ContainerBody {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  /** How often the engine itself has started it again since somebody did. */
  readonly RestartCount?: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused?: boolean;
    readonly OOMKilled: boolean;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status?: string } | null;
    /** How Podman calls it. */
    readonly Healthcheck?: { readonly Status?: string } | null;
  };
  readonly Config: {
    readonly Image: string;
    readonly Tty: boolean;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Env?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly User?: string;
    readonly WorkingDir?: string;
  };
  readonly HostConfig: HostConfigBody;
  readonly Mounts?: readonly MountPointBody[] | null;
  readonly NetworkSettings: {
    readonly Networks?: Readonly<Record<string, EndpointBody>> | null;
    readonly Ports?: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>> | null;
  };
}

/** `GET /exec/{id}/json`. The code is null until the command has ended. */
export interface ExecBody {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  /** 0 when no process was ever started. */
  readonly Pid: number;
}

interface EndpointBody {
  readonly NetworkID?: string;
  readonly IPAddress?: string;
  readonly GlobalIPv6Address?: string;
}

interface MountPointBody {
  readonly Type?: string;
  readonly Name?: string;
  readonly Source?: string;
  readonly Destination?: string;
  readonly RW?: boolean;
}

interface HostConfigBody {
  readonly Init?: boolean | null;
  readonly Links?: readonly string[] | null;
  readonly LogConfig?: { readonly Type?: string };
  readonly Memory?: number;
  readonly NanoCpus?: number;
  readonly CpuQuota?: number;
  readonly CpuPeriod?: number;
  readonly PidsLimit?: number | null;
  readonly Privileged?: boolean;
  readonly ReadonlyRootfs?: boolean;
  readonly SecurityOpt?: readonly string[] | null;
  readonly CapAdd?: readonly string[] | null;
  readonly CapDrop?: readonly string[] | null;
  readonly Devices?: readonly { readonly PathOnHost?: string }[] | null;
  readonly Tmpfs?: Readonly<Record<string, string>> | null;
  readonly NetworkMode?: string;
  /** Whose processes it sees; its own when empty. */
  readonly PidMode?: string;
  readonly IpcMode?: string;
  readonly UTSMode?: string;
  readonly UsernsMode?: string;
  readonly CgroupnsMode?: string;
}

/** One row of `GET /containers/json`. */
export interface ContainerRow {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly Image: string;
  readonly ImageID: string;
  readonly State: string;
  readonly Status: string;
  readonly Created: number;
  /** Both are there only when sizes are asked for, and then `SizeRw` not when it is zero. */
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Ports?: readonly { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[] | null;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null } | null;
}

export interface VolumeBody {
  readonly Name: string;
  readonly CreatedAt?: string;
  readonly Driver: string;
  readonly Options?: Readonly<Record<string, string>> | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

export interface InfoBody {
  readonly ServerVersion: string;
  readonly OperatingSystem: string;
  readonly Architecture: string;
  readonly KernelVersion: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly CgroupDriver?: string;
  readonly CgroupVersion?: string;
  readonly MemoryLimit?: boolean;
  readonly SwapLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
  /** Empty on engines that have no init of Docker's, such as Podman. */
  readonly InitBinary?: string;
  /** Only of Podman. */
  readonly BuildahVersion?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly Driver: string;
  readonly DockerRootDir: string;
  readonly LiveRestoreEnabled?: boolean;
  readonly RuncCommit?: { readonly ID?: string } | null;
  readonly ContainerdCommit?: { readonly ID?: string } | null;
  readonly Warnings?: readonly string[] | null;
}

/** `GET /containers/{id}/stats`. */
export interface StatsBody {
  readonly read: string;
  readonly cpu_stats?: CpuBody;
  readonly precpu_stats?: CpuBody;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly pids_stats?: { readonly current?: number };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes?: number; readonly tx_bytes?: number }>> | null;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
}

interface CpuBody {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** `GET /system/df`. */
export interface DiskUsageBody {
  readonly LayersSize?: number;
  readonly Images?:
    | readonly {
        readonly RepoTags?: readonly string[] | null;
        readonly Labels?: Readonly<Record<string, string>> | null;
        readonly Size: number;
        readonly SharedSize?: number;
      }[]
    | null;
  readonly Containers?:
    | readonly {
        readonly Names?: readonly string[] | null;
        readonly Labels?: Readonly<Record<string, string>> | null;
        readonly SizeRw?: number;
      }[]
    | null;
  readonly Volumes?: readonly (VolumeBody & { readonly UsageData?: { readonly Size: number } | null })[] | null;
  readonly BuildCache?: readonly { readonly Size?: number }[] | null;
}

/** One of the lines of `GET /events`. */
export interface EventBody {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}
