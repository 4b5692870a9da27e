import { CosError, isRelativePath } from "@cos/core";

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

/**
 * Refuses what lies in a tmpfs: only the container sees it, and the engine would read and write below it.
 *
 * @throws CosError `failed_precondition`
 */
export function assertReachable(path: string, tmpfs: Readonly<Record<string, unknown>> | null | undefined): void {
  const covering = Object.keys(tmpfs ?? {}).find((target) => path === target || path.startsWith(`${target}/`));
  if (covering === undefined) return;
  throw new CosError("failed_precondition", `${JSON.stringify(covering)} is a tmpfs, which only the container sees.`, {
    hint: "Use a directory outside of it, or a volume.",
  });
}
