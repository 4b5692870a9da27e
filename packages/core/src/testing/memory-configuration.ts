import type { ContainerConfiguration } from "../configuration.ts";
import { engineName } from "../labels.ts";
import { parseByteSize } from "../spec/sizes.ts";
import { defineWorkload, type WorkloadSpec } from "../spec/workload-spec.ts";
import type { MemoryContainer } from "./memory-containers.ts";

const unsaid = defineWorkload({ env: { image: "somebody/app" } });

/** How a container was made: as its spec says, if it has one. */
export function toConfiguration({ allLabels, networks, log }: MemoryContainer): ContainerConfiguration {
  const text = allLabels["cos.spec"] ?? "";
  const spec = text === "" ? unsaid : (JSON.parse(text) as WorkloadSpec);
  const inShell = typeof spec.command === "string";
  return {
    entrypoint: inShell ? ["/bin/sh", "-c"] : (spec.entrypoint ?? []),
    command: typeof spec.command === "string" ? [spec.command] : (spec.command ?? []),
    workingDir: spec.workingDir ?? "",
    user: spec.user ?? "",
    variables: Object.keys(spec.variables),
    limits:
      spec === unsaid
        ? {}
        : {
            memoryBytes: parseByteSize(spec.limits.memory ?? "2g"),
            cpus: spec.limits.cpus ?? 2,
            pids: spec.limits.pids,
          },
    mounts: spec.mounts.map((mount) => ({
      type: mount.type,
      source: mount.type === "volume" ? engineName(mount.name) : mount.type === "bind" ? mount.source : "",
      target: mount.target,
      readOnly: mount.type !== "tmpfs" && (mount.readOnly ?? mount.type === "bind"),
    })),
    addresses: networks.map((network) => ({ network })),
    hardening: {
      privileged: false,
      readOnlyRoot: spec.profile === "strict",
      noNewPrivileges: spec !== unsaid,
      addedCapabilities: [],
      droppedCapabilities: spec === unsaid ? [] : ["ALL"],
      sharedNamespaces: [],
      devices: [],
    },
    logDriver: log === undefined ? "none" : "memory",
  };
}
