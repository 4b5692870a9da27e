import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { TextDecoder } from "node:util";
import { CosError } from "@cos/core";
import type { ConfigText } from "./config-text.ts";

const byteOrderMark = "\uFEFF";

/** A client's file as it is on disk; empty where there is none. */
export interface ConfigFile extends ConfigText {
  readonly exists: boolean;
  /** The file that the path leads to, which links may have moved. */
  readonly target: string;
}

/**
 * Reads a configuration file.
 *
 * @param within a directory that the file must really be in: a project could link to a file of its reader.
 * @throws CosError `failed_precondition` when it is none that can be changed.
 */
export async function readConfigFile(file: string, within?: string): Promise<ConfigFile> {
  const target = await findTarget(file);
  if (within !== undefined) await assertWithin(file, target, within);
  let bytes: Buffer;
  try {
    // A pipe would be waited for.
    await using handle = await open(target, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) {
      throw new CosError("failed_precondition", `${file} is no file.`, { hint: "Look at what is there instead." });
    }
    bytes = await handle.readFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { file, target, exists: false, text: "" };
    throw cannot("read", file, error);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { file, target, exists: true, text };
  } catch (cause) {
    throw new CosError("failed_precondition", `${file} is not text in UTF-8.`, {
      hint: "Repair the file first; nothing was changed.",
      cause,
    });
  }
}

/** A text without the mark that some editors begin it with, and what puts the mark back. */
export function withoutMark(config: ConfigText): readonly [ConfigText, (text: string) => string] {
  const marked = config.text.startsWith(byteOrderMark);
  const text = marked ? config.text.slice(1) : config.text;
  return [{ ...config, text }, (changed) => (marked && changed !== "" ? byteOrderMark + changed : changed)];
}

/**
 * Puts a new text in the place of the file's: whoever reads sees one or the other. Mode and owner stay; a new file of
 * the user's is for the user alone, since clients keep secrets there.
 *
 * @throws CosError `failed_precondition` when it cannot be written.
 */
export async function writeConfigFile({ file, target }: ConfigFile, text: string, isPrivate: boolean): Promise<void> {
  const draft = `${target}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const current = await stat(target).catch(() => undefined);
    try {
      await using handle = await open(draft, "wx", isPrivate ? 0o600 : 0o666);
      await handle.writeFile(text);
      if (current !== undefined) {
        const { uid, gid } = await handle.stat();
        if (uid !== current.uid || gid !== current.gid) await handle.chown(current.uid, current.gid);
        await handle.chmod(current.mode & 0o7777);
      }
      await handle.sync();
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw cannot("written", file, error);
  }
}

/** Follows links, also where some of the directories are not there yet. */
async function findTarget(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw cannot("read", file, error);
  }
  if ((await lstat(file).catch(() => undefined)) !== undefined) {
    throw new CosError("failed_precondition", `${file} is a link to nothing.`, { hint: "Repair or remove the link." });
  }
  const parent = dirname(file);
  return parent === file ? file : join(await findTarget(parent), relative(parent, file));
}

async function assertWithin(file: string, target: string, within: string): Promise<void> {
  const inside = relative(await realpath(resolve(within)), target);
  if (inside.split(sep)[0] !== "..") return;
  throw new CosError("denied", `${file} leads out of the project, to ${target}.`, {
    hint: "Look at the link; nothing was changed.",
  });
}

function cannot(what: "read" | "written", file: string, cause: unknown): CosError {
  if (CosError.is(cause)) return cause;
  const why = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  return new CosError("failed_precondition", `${file} cannot be ${what}: ${why}.`, {
    hint: "Check that you may use it, and that its directory has room.",
    cause,
  });
}
