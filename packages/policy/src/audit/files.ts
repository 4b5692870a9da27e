import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync } from "node:fs";
import { CosError } from "@cos/core";

/** What is taken while the directory is written. */
export const lockName = "audit.lock";
export const checkpointName = "heads.json";

/** A file of the log: one writer's records of one UTC day. */
export interface LogFile {
  readonly name: string;
  /** `yyyyMMdd` */
  readonly day: string;
  readonly writer: string;
}

const fileName = /^audit-(\d{8})-([a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)\.jsonl$/;

/** The day of an ISO 8601 time in UTC, as it stands in names of files. */
export function dayOf(time: string): string {
  return time.slice(0, 10).replaceAll("-", "");
}

export function logFile(day: string, writer: string): LogFile {
  return { name: `audit-${day}-${writer}.jsonl`, day, writer };
}

/** Undefined for names that are not of files of the log. */
export function parseFileName(name: string): LogFile | undefined {
  const [, day, writer] = fileName.exec(name) ?? [];
  return day === undefined || writer === undefined ? undefined : { name, day, writer };
}

/**
 * The files of a directory that belong to the log by their names, by day and writer. None if there is no such directory.
 *
 * @throws CosError `failed_precondition` when the directory cannot be read.
 */
export function listLogFiles(directory: string): readonly LogFile[] {
  try {
    return readdirSync(directory)
      .toSorted()
      .flatMap((name) => parseFileName(name) ?? []);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cannotBeRead(cause);
  }
}

/**
 * Opens a regular file, and never waits for what else may be at its place: undefined for links, directories, pipes.
 *
 * @throws what `open` throws for other reasons, as when nothing is there.
 */
export function openRegular(path: string, flags: number): number | undefined {
  let file: number;
  try {
    file = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    if (["ELOOP", "EISDIR", "ENXIO"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  return undefined;
}

/** In bytes; 0 when nothing is there. */
export function sizeOf(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

export function cannotBeRead(cause: unknown): CosError {
  return new CosError("failed_precondition", "The audit log cannot be read.", {
    hint: "Run this as the user who owns the directory of the audit log.",
    cause,
  });
}
