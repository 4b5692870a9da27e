/** What a running container uses. Counts begin with its start. */
export interface ContainerStats {
  /** When the engine measured it. */
  readonly at: Date;
  /** Of one CPU, so that two busy ones are 200; over the second or so before `at`. */
  readonly cpuPercent: number;
  readonly cpuSeconds: number;
  /** Without the cache of files that the kernel can drop at once. */
  readonly memoryBytes: number;
  /** What it may use at most: its limit, or all that the engine has. */
  readonly memoryLimitBytes: number;
  readonly memoryPercent: number;
  /** Processes and threads. */
  readonly pids: number;
  /** By all its networks together. */
  readonly networkReceivedBytes: number;
  readonly networkSentBytes: number;
  readonly blockReadBytes: number;
  readonly blockWrittenBytes: number;
}

/** How many there are, and what they take of the disk. */
export interface DiskUse {
  readonly count: number;
  readonly bytes: number;
}

/** What an engine keeps on its disk. */
export interface DiskUsage {
  /** Bytes of images count layers that several share once. */
  readonly all: Readonly<Record<"containers" | "images" | "volumes" | "buildCache", DiskUse>>;
  /** What carries this installation's signature. Bytes of images are those of layers that nothing else uses. */
  readonly managed: Readonly<Record<"containers" | "images" | "volumes", DiskUse>>;
}
