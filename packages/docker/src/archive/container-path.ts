import { CosError, isRelativePath } from "@cos/core";
import type { ContainerBody } from "../api.ts";

/** Whether a path is absolute, canonical and can be shown. */
export function isContainerPath(path: string): boolean {
  return path === "/" || (path.startsWith("/") && isRelativePath(path.slice(1)));
}

/** @throws CosError `invalid_argument` for what {@link isContainerPath} is not true of. */
export function assertContainerPath(path: string): void {
  if (isContainerPath(path)) return;
  throw new CosError("invalid_argument", "Files in containers are named by absolute paths.", {
    hint: 'Expected a path without "..", "//" and control characters.',
  });
}

/** What of a container's file system is not the container's own. */
export interface Elsewhere {
  readonly Tmpfs?: Readonly<Record<string, unknown>> | null | undefined;
  readonly Mounts?: ContainerBody["Mounts"] | undefined;
}

/**
 * Refuses what lies in a tmpfs: only the container sees it, and the engine would read and write below it.
 *
 * @throws CosError `failed_precondition`
 */
export function assertReachable(path: string, { Tmpfs }: Elsewhere): void {
  const covering = Object.keys(Tmpfs ?? {}).find((target) => isWithin(path, target));
  if (covering === undefined) return;
  throw new CosError("failed_precondition", `${JSON.stringify(covering)} is a tmpfs, which only the container sees.`, {
    hint: "Use a directory outside of it, or a volume.",
  });
}

/**
 * Refuses also what lies in a directory of the host, where the engine would write as root.
 *
 * @throws CosError `failed_precondition`
 */
export function assertWritable(path: string, elsewhere: Elsewhere): void {
  assertReachable(path, elsewhere);
  const binds = (elsewhere.Mounts ?? []).flatMap(({ Type, Destination }) =>
    Type === "bind" ? [Destination ?? "/"] : [],
  );
  const covering = binds.find((target) => isWithin(path, target));
  if (covering === undefined) return;
  throw new CosError("failed_precondition", `${JSON.stringify(covering)} is a directory of the host.`, {
    hint: "Write it there yourself, or choose another directory.",
  });
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || directory === "/" || path.startsWith(`${directory}/`);
}
