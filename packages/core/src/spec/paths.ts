import { posix } from "node:path";
import * as z from "zod";

const forbidden = ["/proc", "/sys", "/dev"];
const system = [
  "/",
  "/bin",
  "/boot",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/run",
  "/sbin",
  "/usr",
  "/usr/bin",
  "/usr/lib",
  "/usr/sbin",
  "/var",
];

function isCanonical(path: string): boolean {
  return path.startsWith("/") && posix.normalize(path) === path && (path === "/" || !path.endsWith("/"));
}

/** An absolute path inside the container without `.`, `..`, doubled or trailing slashes, outside /proc, /sys and /dev. */
export const containerPath = z
  .string()
  .max(4096)
  .regex(/^[^\u0000-\u001f\u007f,]+$/, { error: "must not contain control characters or commas" })
  .refine(isCanonical, { error: 'expected an absolute path without "..", "//" or a trailing slash' })
  .refine((path) => !forbidden.some((dir) => path === dir || path.startsWith(`${dir}/`)), {
    error: "must not lie in /proc, /sys or /dev",
  });

/** Where something is mounted: a container path that does not hide a system directory (paths below one are fine). */
export const mountTarget = containerPath.refine((path) => !system.includes(path), {
  error: "must not hide a system directory; mount below it instead",
});

/** A path on the host as the caller wrote it. Whether it lies below an allowed root is checked against the file system. */
export const hostPath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\u0000-\u001f\u007f]+$/, { error: "must not contain control characters" });
