import type { EngineCapabilities, EngineInfo } from "@cos/core";
import type { InfoBody } from "./api.ts";
import type { Endpoint } from "./endpoint/endpoint.ts";

/** What the driver knows of the engine it is connected to: what it tells callers, and what only the compiler needs. */
export interface EngineFacts {
  readonly capabilities: EngineCapabilities;
  /** Whether the kernel accounts swap; without it the engine cannot limit it and says -1. */
  readonly swapLimit: boolean;
  readonly rootless: boolean;
  /** Whether containers that ask for an init get Docker's own, which adopts processes. */
  readonly dockerInit: boolean;
  /** Whether it is Podman, which shows what it has built in words of its own. */
  readonly podman: boolean;
  /** Paths on this machine that are the engine itself; whoever holds one holds the engine. */
  readonly ownFiles: readonly string[];
}

/** Limits count only if something enforces them: without a cgroup driver, rootless engines accept and ignore them. */
export function toFacts(info: InfoBody, endpoint: Endpoint): EngineFacts {
  const rootless = isRootless(info);
  const enforced = info.CgroupDriver !== "none" && !(rootless && info.CgroupVersion === "1");
  return {
    capabilities: {
      cpus: info.NCPU,
      memoryBytes: info.MemTotal,
      limits: {
        cpus: enforced && info.CpuCfsQuota !== false,
        memory: enforced && info.MemoryLimit !== false,
        pids: enforced && info.PidsLimit !== false,
      },
      build: true,
      localFiles: endpoint.kind === "unix",
    },
    swapLimit: info.SwapLimit !== false,
    rootless,
    dockerInit: (info.InitBinary ?? "") !== "",
    podman: info.BuildahVersion !== undefined,
    ownFiles: endpoint.kind === "unix" ? [endpoint.path, info.DockerRootDir] : [],
  };
}

export function toEngineInfo(info: InfoBody, apiVersion: string): EngineInfo {
  const versions = [
    { name: "runc", version: info.RuncCommit?.ID ?? "" },
    { name: "containerd", version: info.ContainerdCommit?.ID ?? "" },
  ];
  return {
    version: info.ServerVersion,
    apiVersion,
    os: info.OperatingSystem,
    architecture: info.Architecture,
    kernel: info.KernelVersion,
    cgroupVersion: info.CgroupVersion ?? "",
    cgroupDriver: info.CgroupDriver ?? "",
    rootless: isRootless(info),
    storageDriver: info.Driver,
    dataRoot: info.DockerRootDir,
    securityOptions: (info.SecurityOptions ?? []).map((option) => option.replace(/^name=/, "").split(",", 1)[0] ?? ""),
    liveRestore: info.LiveRestoreEnabled ?? false,
    components: versions.filter(({ version }) => version !== ""),
    warnings: info.Warnings ?? [],
  };
}

function isRootless(info: InfoBody): boolean {
  return (info.SecurityOptions ?? []).some((option) => option.startsWith("name=rootless"));
}
