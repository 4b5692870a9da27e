import { closeSync, type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { CosError } from "@cos/core";
import { ContextDirectory, toContextFailure } from "./context-directory.ts";
import type { IgnoreRules } from "./dockerignore.ts";

/** Most files, directories and links of a build context; node_modules of a large project is about half of it. */
const maxContextEntries = 100_000;
/** Entries that are looked at in one go, with the event loop waiting: a few milliseconds. */
const entriesAtOnce = 500;

/** Something in a build context: its path is relative to the context's root. */
export interface ContextFile {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Of a file it is asked for when that is read. */
  readonly mode: number;
  readonly linkTarget?: string;
}

export interface ListOptions {
  readonly rules: IgnoreRules;
  readonly signal?: AbortSignal | undefined;
  readonly maxEntries?: number;
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
  const { rules, signal, maxEntries = maxContextEntries } = options;
  const files: ContextFile[] = [];
  let seen = 0;
  const add = (file: ContextFile) => {
    files.push(file);
    if (files.length > maxEntries) throw tooLarge(`has more than ${maxEntries} entries`);
  };
  const visit = async (directory: string, unlisted: readonly ContextFile[]) => {
    let parents = unlisted;
    for (const entry of attempt(() => readdirSync(join(root, directory), { withFileTypes: true }), directory)) {
      if (++seen % entriesAtOnce === 0) await breathe();
      if (signal?.aborted === true) throw new CosError("cancelled", "The build was cancelled.");
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
      if (entry.name.includes("\uFFFD"))
        throw new CosError("invalid_argument", `The name of ${JSON.stringify(path)} is not UTF-8.`);
      const ignored = rules.ignores(path);
      if (ignored && !(entry.isDirectory() && rules.mayKeepBelow(path))) continue;
      const file = toContextFile(root, path, entry);
      if (file === undefined) continue;
      if (!ignored) {
        for (const parent of parents) add(parent);
        add(file);
        parents = [];
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

function toContextFile(root: string, path: string, entry: Dirent): ContextFile | undefined {
  if (entry.isFile()) return { path, type: "file", mode: 0 };
  if (entry.isDirectory()) {
    const { mode } = attempt(() => lstatSync(join(root, path)), path);
    return { path, type: "directory", mode: mode & 0o7777 };
  }
  if (!entry.isSymbolicLink()) return undefined;
  return { path, type: "symlink", mode: 0o777, linkTarget: attempt(() => readlinkSync(join(root, path)), path) };
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
  const directory = new ContextDirectory(root);
  const { descriptor, size } = directory.open(path);
  try {
    if (size > maxBytes)
      throw new CosError("invalid_argument", `${JSON.stringify(path)} in the build context is too large.`);
    return attempt(() => readFileSync(descriptor), path);
  } finally {
    closeSync(descriptor);
    directory.close();
  }
}

function attempt<T>(run: () => T, path: string): T {
  try {
    return run();
  } catch (error) {
    throw toContextFailure(error, path);
  }
}

/** @param how as the rest of a sentence about the context. */
export function tooLarge(how: string): CosError {
  return new CosError("invalid_argument", `The build context ${how}.`, {
    hint: "Exclude what the build does not need in .dockerignore, or choose a smaller directory.",
  });
}
