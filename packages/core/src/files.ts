import type { CallOptions } from "./call-options.ts";

/** A file, or what else has a name, in a container. */
export interface FileEntry {
  /** Relative to what was asked for, with `/`; `.` for a directory itself, and the base name of a single file. */
  readonly path: string;
  /** Only files have content; links and everything else are named and never handed on. */
  readonly type: "file" | "directory" | "symlink" | "other";
  /** Permission bits, without setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes of content; 0 unless it is a file. */
  readonly size: number;
  /** Of a file. What is not read before the next entry is asked for is passed over. */
  readonly content?: AsyncIterable<Uint8Array> | undefined;
  /** Why nothing of it is handed on, as a clause; undefined for files and directories. */
  readonly skipped?: string | undefined;
}

/** A file or directory to be made in a container. */
export interface FileToWrite {
  /** As {@link isRelativePath} demands. */
  readonly path: string;
  readonly type: "file" | "directory";
  /** Permission bits; 0644 for files and 0755 for directories unless set. */
  readonly mode?: number | undefined;
  /** Bytes of content; 0 for directories. */
  readonly size: number;
  readonly content?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

/** Takes an entry of what was asked for by the absolute path `from`. What it leaves of the content is passed over. */
export type FileSink = (from: string, entry: FileEntry) => Promise<void>;

export interface ReadFilesOptions extends CallOptions {
  /** Bytes of content in all; no limit unless set. */
  readonly limitBytes?: number | undefined;
}

const longestPathBytes = 4096;
const longestNameBytes = 255;
const controlCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Half of a pair that stands for one character, alone. */
const brokenCharacter = /\p{Surrogate}/u;

/**
 * Whether a path stays below where it starts and can be shown: relative, canonical, without `..`, control characters
 * and characters that replace what was no UTF-8.
 */
export function isRelativePath(path: string): boolean {
  if (path === "" || Buffer.byteLength(path) > longestPathBytes) return false;
  if (controlCharacter.test(path) || path.includes("\ufffd") || brokenCharacter.test(path)) return false;
  return path
    .split("/")
    .every((name) => name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) <= longestNameBytes);
}
