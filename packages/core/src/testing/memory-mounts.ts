import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { CosError } from "../errors.ts";
import type { JobRequest } from "../job.ts";
import type { Signer } from "../labels.ts";
import { ensureVolume, type MemoryVolume } from "./memory-volumes.ts";

/** A mount as a program uses it. File names are relative to the mount's target. */
export interface MemoryMount {
  /** A file's text, or undefined when there is no such file. */
  readonly read: (name: string) => string | undefined;
  /** Replaces a file's text; false when the mount is read-only. */
  readonly write: (name: string, text: string) => boolean;
}

/**
 * Opens what a job mounts, by target. Volumes that do not exist are created.
 *
 * @throws CosError `denied` for a host path outside the roots, `not_found` for a missing one below them,
 * `already_exists` for a volume of that name that is somebody else's.
 */
export function openMounts(
  request: JobRequest,
  volumes: Map<string, MemoryVolume>,
  signer: Signer,
): Map<string, MemoryMount> {
  const { spec, owner, hostRoots = [] } = request;
  const sources = new Map(
    spec.mounts.filter((mount) => mount.type === "bind").map(({ source }) => [source, resolveBelow(source, hostRoots)]),
  );
  return new Map(
    spec.mounts.map((mount): [string, MemoryMount] => {
      if (mount.type === "tmpfs") return [mount.target, filesIn(new Map(), false)];
      if (mount.type === "volume") {
        const { volume } = ensureVolume({ name: mount.name, owner, project: spec.project }, volumes, signer);
        return [mount.target, filesIn(volume.files, mount.readOnly ?? false)];
      }
      return [mount.target, filesOfHost(sources.get(mount.source) ?? "", mount.readOnly ?? true)];
    }),
  );
}

/** The real path of `source`. Outside the roots nobody learns whether it exists. */
function resolveBelow(source: string, roots: readonly string[]): string {
  const found = realPath(source);
  const allowed = roots
    .map((root) => realPath(root) ?? resolve(root))
    .some((root) => isInside(found ?? resolve(source), root));
  if (!allowed) {
    throw new CosError("denied", `${JSON.stringify(source)} lies outside the directories that workloads may use.`, {
      hint: "Use a path below an allowed directory, or a volume.",
    });
  }
  if (found === undefined) throw new CosError("not_found", `There is no ${JSON.stringify(source)} on this machine.`);
  return found;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isInside(path: string, root: string): boolean {
  return !/^\.\.(?:\/|$)/.test(relative(root, path));
}

function filesIn(files: Map<string, string>, readOnly: boolean): MemoryMount {
  return {
    read: (name) => files.get(name),
    write(name, text) {
      if (!readOnly) files.set(name, text);
      return !readOnly;
    },
  };
}

function filesOfHost(directory: string, readOnly: boolean): MemoryMount {
  return {
    read: (name) =>
      realPath(join(directory, name)) === undefined ? undefined : readFileSync(join(directory, name), "utf8"),
    write(name, text) {
      if (!readOnly) writeFileSync(join(directory, name), text);
      return !readOnly;
    },
  };
}
