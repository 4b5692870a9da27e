import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir, readlink, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { CosError, type FileToWrite, isRelativePath } from "@cos/core";
import { resolveHostPath } from "../host-paths.ts";

/** Most files and directories that are taken at a time. */
const maxEntries = 100_000;
const pieceBytes = 256 * 1024;

/** A file or directory of this machine, to be written into a container. */
export interface HostFiles {
  /** What it is called. */
  readonly name: string;
  readonly type: "file" | "directory";
  /** A file under its name, or what is in the directory, by paths relative to it. */
  readonly entries: readonly FileToWrite[];
  /** What is neither a file nor a directory, or has a name that cannot be used. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly files: number;
  readonly bytes: number;
}

/**
 * Looks at a file or directory of this machine; contents are read when they are asked for. Links are not followed.
 *
 * @param path as the caller wrote it.
 * @param roots directories below which it must lie, links resolved.
 * @throws CosError `denied` outside the roots, `not_found`, `invalid_argument` for neither a file nor a directory, or too
 * many of them; `cancelled`.
 */
export async function openHostFiles(path: string, roots: readonly string[], signal?: AbortSignal): Promise<HostFiles> {
  const real = await resolveHostPath(path, roots);
  const status = await readStatus(real);
  const name = basename(real);
  if (status?.isFile() === true) {
    const entries = [toFile(real, name, status)];
    return { name, type: "file", entries, skipped: [], files: 1, bytes: status.size };
  }
  if (status?.isDirectory() !== true) {
    throw new CosError("invalid_argument", `${JSON.stringify(path)} is neither a file nor a directory.`, {
      hint: "Name a file or a directory.",
    });
  }
  const entries: FileToWrite[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const visit = async (below: string) => {
    for (const child of await readNames(join(real, below))) {
      if (signal?.aborted === true) throw new CosError("cancelled", "The call was cancelled.");
      const relative = below === "" ? child : `${below}/${child}`;
      const found = isRelativePath(relative) ? await readStatus(join(real, relative)) : "unusable";
      if (found === "unusable") skipped.push({ path: JSON.stringify(relative), reason: "its name is not safe to use" });
      else if (found?.isFile() === true) entries.push(toFile(join(real, relative), relative, found));
      else if (found?.isDirectory() === true) {
        entries.push({ path: relative, type: "directory", mode: found.mode & 0o777, size: 0 });
        await visit(relative);
      } else if (found !== undefined) skipped.push({ path: relative, reason: whatItIs(found) });
      if (entries.length > maxEntries) {
        throw new CosError("invalid_argument", `${JSON.stringify(path)} has more than ${maxEntries} files.`, {
          hint: "Name a directory below it.",
        });
      }
    }
  };
  await visit("");
  const files = entries.filter(({ type }) => type === "file");
  return {
    name,
    type: "directory",
    entries,
    skipped,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}

function toFile(real: string, path: string, { mode, size }: Stats): FileToWrite {
  return { path, type: "file", mode: mode & 0o777, size, content: readContent(real, size) };
}

/** The content of a file that was not replaced since it was found, nor reached through a link since. */
async function* readContent(real: string, size: number): AsyncGenerator<Buffer> {
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      throw unreadable(real, cause);
    },
  );
  try {
    if (!(await isAt(handle, real)) || !(await handle.stat()).isFile()) throw unreadable(real);
    for (let left = size; left > 0;) {
      const piece = Buffer.allocUnsafe(Math.min(left, pieceBytes));
      const { bytesRead } = await handle.read(piece);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function isAt(handle: FileHandle, path: string): Promise<boolean> {
  const actual = await (process.platform === "linux" ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(path));
  return actual === path;
}

async function readStatus(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch {
    return undefined;
  }
}

async function readNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

function whatItIs(status: Stats): string {
  return status.isSymbolicLink() ? "it is a symbolic link" : "it is neither a file nor a directory";
}

function unreadable(path: string, cause?: unknown): CosError {
  return new CosError("failed_precondition", `${JSON.stringify(path)} cannot be read, or was replaced meanwhile.`, {
    hint: "Check its permissions, and that nothing writes to it.",
    cause,
  });
}
