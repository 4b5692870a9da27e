import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { CosError, parseWith } from "@cos/core";
import type * as z from "zod";

/** A file of JSON with something in it that others must not change, and mostly not read either. */
export interface PrivateFile<Schema extends z.ZodType> {
  readonly path: string;
  /** What it is, for messages, e.g. `list of grants`. */
  readonly what: string;
  readonly schema: Schema;
  /** What is to be done when it is damaged. */
  readonly hint: string;
  /** Whether other users may read it; not unless set. */
  readonly readable?: boolean;
}

/**
 * What the file says; undefined when there is none.
 *
 * @throws CosError `failed_precondition` when it cannot be read, is damaged, belongs to another user than this one or
 * root, or can be used by others.
 */
export function readPrivateFile<Schema extends z.ZodType>(file: PrivateFile<Schema>): z.output<Schema> | undefined {
  const text = readPrivateText(file);
  if (text === undefined) return undefined;
  try {
    return parseWith(file.schema, JSON.parse(text), file.what);
  } catch (cause) {
    throw new CosError("failed_precondition", `The ${file.what} ${file.path} is damaged.`, { hint: file.hint, cause });
  }
}

/**
 * The text of a file that others must not change.
 *
 * @throws CosError `failed_precondition` as {@link readPrivateFile}.
 */
export function readPrivateText({
  path,
  what,
  readable = false,
}: Pick<PrivateFile<z.ZodType>, "path" | "what" | "readable">): string | undefined {
  let descriptor: number | undefined;
  try {
    // A pipe would be waited for, and this thread with it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(descriptor);
    const { uid, mode } = found;
    if (uid !== process.getuid?.() && uid !== 0) {
      throw new CosError("failed_precondition", `The ${what} ${path} belongs to another user.`, {
        hint: "Make it your own, or name another file.",
      });
    }
    if ((mode & (readable ? 0o022 : 0o077)) !== 0) {
      throw new CosError("failed_precondition", `The ${what} ${path} can be used by other users.`, {
        hint: `chmod 600 ${path}`,
      });
    }
    if (!found.isFile()) {
      throw new CosError("failed_precondition", `The ${what} ${path} is no file.`, {
        hint: "Remove what is there, or name another file.",
      });
    }
    return readFileSync(descriptor, "utf8");
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CosError("failed_precondition", `The ${what} ${path} cannot be read.`, { cause });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Makes the file, for this user alone, unless there is one.
 *
 * @returns whether it was made.
 * @throws CosError `failed_precondition` when it cannot be made.
 */
export function createPrivateFile(file: PrivateFile<z.ZodType>, value: unknown): boolean {
  return write(file, value, (draft) => {
    try {
      linkSync(draft, file.path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      return false;
    }
  });
}

/**
 * Puts a new file, for this user alone, in the place of the one that may be there; whoever reads sees one or the other.
 *
 * @throws CosError `failed_precondition` when it cannot be written.
 */
export function replacePrivateFile(file: PrivateFile<z.ZodType>, value: unknown): void {
  write(file, value, (draft) => renameSync(draft, file.path));
}

function write<T>({ path, what }: PrivateFile<z.ZodType>, value: unknown, place: (draft: string) => T): T {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(descriptor, `${JSON.stringify(value, undefined, 2)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return place(draft);
  } catch (cause) {
    throw new CosError("failed_precondition", `The ${what} ${path} cannot be written.`, {
      hint: "Check that its directory can be written and has room.",
      cause,
    });
  } finally {
    rmSync(draft, { force: true });
  }
}
