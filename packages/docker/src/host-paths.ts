import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { CosError } from "@cos/core";

/**
 * The real path of something on this machine that a workload wants to use, links resolved.
 *
 * @param path as the caller wrote it; relative paths count from the working directory.
 * @param roots directories below which it must lie.
 * @throws CosError `denied` when it lies outside every root; `not_found` when nothing is there.
 */
export async function resolveHostPath(path: string, roots: readonly string[]): Promise<string> {
  const asked = resolve(path);
  const realRoots = (await Promise.all(roots.map((root) => realpath(resolve(root)).catch(() => [])))).flat();
  const outside = () =>
    new CosError("denied", `${JSON.stringify(path)} lies outside the directories that workloads may use.`, {
      hint:
        roots.length === 0
          ? "No host directory is allowed here; pass data by stdin or a volume."
          : `Allowed: ${roots.map((root) => JSON.stringify(root)).join(", ")}`,
    });
  // Asked for lexically first, so that nobody learns what exists outside.
  if (![...roots.map((root) => resolve(root)), ...realRoots].some((root) => isInside(asked, root))) throw outside();
  const real = await realpath(asked).catch(async (cause: unknown) => {
    if (!(await isKnownMissing(asked, realRoots))) throw outside();
    throw new CosError("not_found", `There is no ${JSON.stringify(path)} on this machine.`, { cause });
  });
  if (!realRoots.some((root) => isInside(real, root))) throw outside();
  return real;
}

/**
 * Whether a path that cannot be resolved is missing below a root, and not behind a link: a link that leads nowhere and
 * one that leads outside must look the same, or workloads could find out what exists on the host.
 */
async function isKnownMissing(path: string, realRoots: readonly string[]): Promise<boolean> {
  const parent = dirname(path);
  const realParent = await realpath(parent).catch(() => undefined);
  if (realParent === undefined) return parent !== path && (await isKnownMissing(parent, realRoots));
  const exists = await lstat(path).then(
    () => true,
    () => false,
  );
  return !exists && realRoots.some((root) => isInside(realParent, root));
}

/**
 * Refuses a real path that is part of the engine, or a directory with such a part in it: whoever writes to the engine's
 * socket or data is root on the host.
 *
 * @param ownFiles the engine's socket and data directory.
 * @throws CosError `denied`
 */
export async function assertNotTheEngines(path: string, ownFiles: readonly string[]): Promise<void> {
  for (const file of ownFiles) {
    const real = await realpath(file).catch(() => file);
    if (isInside(real, path) || isInside(path, real)) {
      throw new CosError("denied", `${JSON.stringify(path)} is part of the container engine, or holds a part of it.`, {
        hint: "Mount a directory of your own.",
      });
    }
  }
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith("../"));
}
