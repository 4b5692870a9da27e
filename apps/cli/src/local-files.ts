import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readlink, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { CosError, type FileEntry, isRelativePath } from "@cos/core";

/**
 * A place on this machine for a file or directory out of a container. Nothing is written outside of it: links below its
 * directory are not followed, and only regular files are replaced, each at once when the new one is whole.
 */
export class LocalPlace {
  /** Where it lies, links resolved. */
  readonly directory: string;
  readonly #name: string;

  private constructor(directory: string, name: string) {
    if (!isRelativePath(name)) {
      throw new CosError("invalid_argument", `${JSON.stringify(name)} is no name below the directory.`, {
        hint: 'Give a relative path without "..".',
      });
    }
    this.directory = directory;
    this.#name = name;
  }

  /** The place that is called `name`, a relative path, below an existing directory. */
  static async below(directory: string, name: string): Promise<LocalPlace> {
    return new LocalPlace(await realpath(directory), name);
  }

  /**
   * What a person means by a path: an existing directory takes it under its own name, else it gets that name.
   *
   * @throws CosError `not_found` when the directory of a new name is not there.
   */
  static async named(path: string, ownName: string): Promise<LocalPlace> {
    if (await isDirectory(path)) return await LocalPlace.below(path, ownName);
    const parent = dirname(path);
    if (path.endsWith("/") || !(await isDirectory(parent))) {
      throw new CosError("not_found", `There is no directory ${JSON.stringify(path.endsWith("/") ? path : parent)}.`, {
        hint: "Make it first.",
      });
    }
    return await LocalPlace.below(parent, basename(path));
  }

  get path(): string {
    return join(this.directory, this.#name);
  }

  /** Writes an entry that is a file or directory; a single file gets the place's name. */
  async write(entry: FileEntry, isSingle: boolean): Promise<void> {
    if (entry.type !== "file" && entry.type !== "directory") return;
    if (entry.path !== "." && !isRelativePath(entry.path)) throw new Error("an entry's path was not checked");
    const path = isSingle ? this.#name : posix.join(this.#name, entry.path);
    if (entry.type === "directory") await this.#makeDirectory(path);
    else await this.#writeFile(path, entry);
  }

  async #makeDirectory(path: string): Promise<void> {
    if (path === ".") return;
    await this.#makeDirectory(posix.dirname(path));
    const full = join(this.directory, path);
    const status = await lstat(full).catch(() => undefined);
    if (status === undefined) await mkdir(full);
    else if (!status.isDirectory()) throw inTheWay(full);
  }

  async #writeFile(path: string, { mode, content = none() }: FileEntry): Promise<void> {
    await this.#makeDirectory(posix.dirname(path));
    const full = join(this.directory, path);
    const status = await lstat(full).catch(() => undefined);
    if (status !== undefined && !status.isFile()) throw inTheWay(full);
    const passing = join(dirname(full), `.cos-${randomBytes(8).toString("hex")}`);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const handle = await open(passing, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777);
    try {
      // Somebody may have put a link in place of a directory since it was looked at.
      if ((await placeOf(handle, passing)) !== passing) throw inTheWay(dirname(full));
      for await (const piece of content) await writeAll(handle, piece);
      await handle.close();
      await rename(passing, full);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(passing, { force: true });
      throw error;
    }
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.byteLength;) at += (await handle.write(piece, at)).bytesWritten;
}

async function placeOf(handle: FileHandle, path: string): Promise<string> {
  return await (process.platform === "linux" ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(path));
}

async function isDirectory(path: string): Promise<boolean> {
  const status = await realpath(path)
    .then(lstat)
    .catch(() => undefined);
  return status?.isDirectory() ?? false;
}

function inTheWay(path: string): CosError {
  return new CosError(
    "failed_precondition",
    `${JSON.stringify(path)} is in the way: it is a link, or of another kind.`,
    {
      hint: "Remove it, or choose another place.",
    },
  );
}
