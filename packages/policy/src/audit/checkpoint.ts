import type { KeyObject } from "node:crypto";
import { closeSync, constants, fstatSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CosError } from "@cos/core";
import { checkpointName, isMissing, openRegular, parseFileName } from "./files.ts";
import { seal, sealOf } from "./seal.ts";
import { hash, object, text, time, whole } from "./shape.ts";

/** Where a writer's records end. */
export interface Head {
  /** The file that the next record goes to, unless a new day begins. */
  readonly file: string;
  /** Of the last record; 0 before the first. */
  readonly seq: number;
  readonly mac: string;
  readonly time: string;
  /** Where the last record ends in the file; 0 when the file has none yet, and then there may be no file. */
  readonly bytes: number;
}

/** The heads of all writers, by their names. */
export type Heads = Map<string, Head>;

const longestCheckpoint = 1024 * 1024;
const head = object<Head>({ file: text, seq: whole(0), mac: hash, time, bytes: whole(0) });

/**
 * The checkpoint: it catches what the chain of records cannot, records that were cut off at the end and files that are
 * gone. One seal is over the heads of all writers, so that none can be left out. `altered` when it is not as it was written.
 *
 * @throws what the file system throws, but for a missing file.
 */
export function readHeads(directory: string, keys: readonly KeyObject[]): Heads | "missing" | "altered" {
  let file: number | undefined;
  try {
    file = openRegular(join(directory, checkpointName), constants.O_RDONLY);
  } catch (error) {
    if (isMissing(error)) return "missing";
    throw error;
  }
  if (file === undefined) return "altered";
  try {
    if (fstatSync(file).size > longestCheckpoint) return "altered";
    return parseHeads(readFileSync(file, "latin1"), keys) ?? "altered";
  } finally {
    closeSync(file);
  }
}

function parseHeads(content: string, keys: readonly KeyObject[]): Heads | undefined {
  const sealed = content.slice(0, -1);
  if (!content.endsWith("\n") || sealOf(keys, sealed) === undefined) return undefined;
  try {
    const { heads } = JSON.parse(sealed) as { readonly heads: object };
    return new Map(Object.entries(heads).map(([writer, value]) => [writer, checked(writer, value)]));
  } catch {
    return undefined;
  }
}

function checked(writer: string, value: unknown): Head {
  const valid = head(value, "");
  if (parseFileName(valid.file)?.writer !== writer) throw new Error("a head in another writer's file");
  return valid;
}

/** Replaces the checkpoint. The directory must be locked. */
export function writeHeads(directory: string, key: KeyObject, heads: Heads): void {
  const path = join(directory, checkpointName);
  const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
  const draft = openRegular(`${path}.new`, O_WRONLY | O_CREAT | O_TRUNC);
  if (draft === undefined) throw notAsLeft("no-file");
  try {
    const content = `${seal(key, { heads: Object.fromEntries(heads) }).text}\n`;
    if (writeSync(draft, content, null, "latin1") !== content.length) throw new Error("written in part");
  } finally {
    closeSync(draft);
  }
  renameSync(`${path}.new`, path);
}

/** What is thrown when the log was changed by something other than cos. */
export function notAsLeft(reason: string, cause?: unknown): CosError {
  return new CosError("failed_precondition", "The audit log is not as cos left it.", {
    hint: "Look at it with `cos audit verify`; to go on, move its directory away.",
    details: { reason },
    cause,
  });
}
