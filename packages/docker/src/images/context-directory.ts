import { closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { CosError } from "@cos/core";

/** A regular file of a context that is open. */
export interface OpenedFile {
  readonly descriptor: number;
  readonly size: number;
  readonly mode: number;
}

const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const directoryFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;

/**
 * Opens files of a context, and makes sure that each lies where its path says, also when a directory on the way is
 * replaced by a link in the meantime. On Linux a directory is opened and checked once, and its files are opened in it.
 */
export class ContextDirectory {
  readonly #root: string;
  readonly #isLinux = process.platform === "linux";
  #path: string | undefined;
  #descriptor = -1;

  /** @param root a real path. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * @returns the open file, which the caller closes.
   * @throws CosError `failed_precondition` when it changed since it was listed, `denied` when it may not be read.
   */
  open(path: string): OpenedFile {
    let descriptor = -1;
    try {
      descriptor = openSync(this.#isLinux ? this.#inDirectory(path) : join(this.#root, path), fileFlags);
      if (!this.#isLinux && realpathSync(join(this.#root, path)) !== join(this.#root, path)) throw changed(path);
      const status = fstatSync(descriptor);
      if (!status.isFile()) throw changed(path);
      return { descriptor, size: status.size, mode: status.mode & 0o7777 };
    } catch (error) {
      if (descriptor !== -1) closeSync(descriptor);
      throw toContextFailure(error, path);
    }
  }

  close(): void {
    if (this.#descriptor !== -1) closeSync(this.#descriptor);
    this.#descriptor = -1;
    this.#path = undefined;
  }

  /** The path of a file by way of its directory, which is open. */
  #inDirectory(path: string): string {
    const cut = path.lastIndexOf("/");
    const directory = cut === -1 ? "" : path.slice(0, cut);
    if (directory !== this.#path) {
      this.close();
      const expected = directory === "" ? this.#root : join(this.#root, directory);
      this.#descriptor = openSync(expected, directoryFlags);
      if (readlinkSync(`/proc/self/fd/${this.#descriptor}`) !== expected) throw changed(path);
      this.#path = directory;
    }
    return `/proc/self/fd/${this.#descriptor}/${path.slice(cut + 1)}`;
  }
}

/** Why a file of a context could not be read. */
export function toContextFailure(error: unknown, path: string): CosError {
  if (CosError.is(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM") return changed(path, error);
  return new CosError("denied", `${JSON.stringify(path)} in the build context may not be read.`, {
    hint: "Make it readable, or exclude it in .dockerignore.",
    cause: error,
  });
}

/** @returns why a file is not what it was when it was listed. */
export function changed(path: string, cause?: unknown): CosError {
  return new CosError(
    "failed_precondition",
    `${JSON.stringify(path)} in the build context changed while it was read.`,
    {
      hint: "Try again when nothing writes to the context.",
      cause,
    },
  );
}
