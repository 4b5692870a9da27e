import { CosError } from "../errors.ts";
import { fromLabels, type Signer } from "../labels.ts";
import type { Image } from "../resources.ts";
import type { ContainerStats, DiskUsage } from "../usage.ts";
import { toConfiguration } from "./memory-configuration.ts";
import { isAlive, type MemoryContainer } from "./memory-containers.ts";
import type { MemoryVolume } from "./memory-volumes.ts";

const mebibyte = 1024 ** 2;

/** @throws CosError `failed_precondition` when it does not run. */
export function toStats(container: MemoryContainer): ContainerStats {
  if (!isAlive(container)) {
    throw new CosError("failed_precondition", "The container does not run.", { hint: "Start it first." });
  }
  const memoryLimitBytes = toConfiguration(container).limits.memoryBytes ?? 8 * 1024 * mebibyte;
  return {
    at: new Date(),
    cpuPercent: 0,
    cpuSeconds: 0,
    memoryBytes: mebibyte,
    memoryLimitBytes,
    memoryPercent: (100 * mebibyte) / memoryLimitBytes,
    pids: 1,
    networkReceivedBytes: 0,
    networkSentBytes: 0,
    blockReadBytes: 0,
    blockWrittenBytes: 0,
  };
}

interface Kept {
  readonly containers: ReadonlyMap<string, MemoryContainer>;
  readonly volumes: ReadonlyMap<string, MemoryVolume>;
  readonly images: readonly Image[];
}

/** Nothing that is in memory takes any of a disk. */
export function toDiskUsage({ containers, volumes, images }: Kept, signer: Signer): DiskUsage {
  const count = (number: number) => ({ count: number, bytes: 0 });
  const ownContainers = [...containers.values()].filter(
    ({ name, allLabels }) => fromLabels("container", name, allLabels, signer).status === "managed",
  );
  const ownVolumes = [...volumes].filter(
    ([name, { labels }]) => fromLabels("volume", name, labels, signer).status === "managed",
  );
  const ownImages = images.filter(({ ownership }) => ownership.status === "managed");
  return {
    all: {
      containers: count(containers.size),
      images: count(images.length),
      volumes: count(volumes.size),
      buildCache: count(0),
    },
    managed: {
      containers: count(ownContainers.length),
      images: count(ownImages.length),
      volumes: count(ownVolumes.length),
    },
  };
}
