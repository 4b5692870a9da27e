import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CosError } from "@cos/core";
import type { IgnoreRules } from "./dockerignore.ts";

/** Most files, directories and links of a build context; node_modules of a large project is about half of it. */
const maxContextEntries = 100_000;
/** Most bytes of files in a build context. */
const maxContextBytes = 2 * 1024 ** 3;
/** Bytes that are read at a time, with the event loop waiting. */
const readBytes = 256 * 1024;

/** Something in a build context: its path is relative to the context's root. */
export interface ContextFile {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly linkTarget?: string;
}

export interface ListOptions {
  readonly rules: IgnoreRules;
  readonly signal?: AbortSignal | undefined;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}

/**
 * What a build context consists of, sorted by path. Links are listed as links and never followed; sockets, pipes and
 * devices are left out.
 *
 * @param root a real path.
 * @throws CosError `invalid_argument` when there is too much of it or a name is not UTF-8; `denied` when something may
 * not be read; `cancelled`
 */
export async function listContextFiles(root: string, options: ListOptions): Promise<ContextFile[]> {
  const { rules, signal, maxEntries = maxContextEntries, maxBytes = maxContextBytes } = options;
  const files: ContextFile[] = [];
  let bytes = 0;
  const add = (file: ContextFile) => {
    files.push(file);
    if (files.length > maxEntries) throw tooLarge(`has more than ${maxEntries} entries`);
  };
  const visit = async (directory: string, unlisted: readonly ContextFile[]) => {
    let parents = unlisted;
    for (const name of await read(() => readdir(join(root, directory)), directory)) {
      if (signal?.aborted === true) throw new CosError("cancelled", "The build was cancelled.");
      const path = directory === "" ? name : `${directory}/${name}`;
      if (name.includes("\uFFFD"))
        throw new CosError("invalid_argument", `The name of ${JSON.stringify(path)} is not UTF-8.`);
      const ignored = rules.ignores(path);
      if (ignored && !rules.mayKeepBelow(path)) continue;
      const status = await read(() => lstatSync(join(root, path)), path);
      const file = toContextFile(root, path, status);
      if (file === undefined) continue;
      if (!ignored) {
        [...parents, file].forEach(add);
        parents = [];
        if (file.type === "file") bytes += status.size;
        if (bytes > maxBytes) throw tooLarge(`has more than ${maxBytes} bytes`);
      }
      if (file.type === "directory") {
        const before = files.length;
        await visit(path, ignored ? [...parents, file] : []);
        if (files.length > before) parents = [];
      }
    }
  };
  await visit("", []);
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function toContextFile(
  root: string,
  path: string,
  status: ReturnType<typeof lstatSync> & object,
): ContextFile | undefined {
  const mode = Number(status.mode) & 0o7777;
  if (status.isFile()) return { path, type: "file", mode };
  if (status.isDirectory()) return { path, type: "directory", mode };
  if (status.isSymbolicLink())
    return { path, type: "symlink", mode: 0o777, linkTarget: readlinkSync(join(root, path)) };
  return undefined;
}

/**
 * Opens a regular file of a context and gives its size, mode and content, at most `size` bytes. That the file lies
 * where its path says is checked on the open file: a directory on the way that was replaced by a link is noticed.
 *
 * @throws CosError `failed_precondition` when it changed since it was listed, `denied` when it may not be read.
 */
export function openContextFile(
  root: string,
  path: string,
): { size: number; mode: number; content: Iterable<Buffer>; close(): void } {
  const expected = join(root, path);
  const descriptor = attempt(
    () => openSync(expected, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    path,
  );
  try {
    const actual = process.platform === "linux" ? readlinkSync(`/proc/self/fd/${descriptor}`) : realpathSync(expected);
    const status = fstatSync(descriptor);
    if (actual !== expected || !status.isFile()) throw changed(path);
    return {
      size: status.size,
      mode: status.mode & 0o7777,
      content: readAll(descriptor, status.size, path),
      close: () => closeSync(descriptor),
    };
  } catch (error) {
    closeSync(descriptor);
    throw CosError.is(error) ? error : changed(path, error);
  }
}

/** The whole of a small file of the context; undefined when there is none. */
export function readContextText(root: string, path: string, maxBytes: number): Buffer | undefined {
  const status = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  if (!status.isFile()) {
    throw new CosError("invalid_argument", `${JSON.stringify(path)} in the build context is not a regular file.`, {
      hint: "Put the file itself there; links are not followed.",
    });
  }
  const file = openContextFile(root, path);
  try {
    if (file.size > maxBytes)
      throw new CosError("invalid_argument", `${JSON.stringify(path)} in the build context is too large.`);
    return Buffer.concat([...file.content]);
  } finally {
    file.close();
  }
}

function* readAll(descriptor: number, size: number, path: string): Generator<Buffer> {
  for (let left = size; left > 0;) {
    const chunk = Buffer.allocUnsafe(Math.min(left, readBytes));
    const bytes = attempt(() => readSync(descriptor, chunk), path);
    if (bytes === 0) throw changed(path);
    left -= bytes;
    yield chunk.subarray(0, bytes);
  }
}

function attempt<T>(run: () => T, path: string): T {
  try {
    return run();
  } catch (error) {
    throw toFailure(error, path);
  }
}

async function read<T>(run: () => T | Promise<T>, path: string): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toFailure(error, path);
  }
}

function toFailure(error: unknown, path: string): CosError {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM") return changed(path, error);
  return new CosError("denied", `${JSON.stringify(path)} in the build context may not be read.`, {
    hint: "Make it readable, or exclude it in .dockerignore.",
    cause: error,
  });
}

function changed(path: string, cause?: unknown): CosError {
  return new CosError(
    "failed_precondition",
    `${JSON.stringify(path)} in the build context changed while it was read.`,
    {
      hint: "Try again when nothing writes to the context.",
      cause,
    },
  );
}

function tooLarge(how: string): CosError {
  return new CosError("invalid_argument", `The build context ${how}.`, {
    hint: "Exclude what the build does not need in .dockerignore, or choose a smaller directory.",
  });
}
