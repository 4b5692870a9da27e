import { createHash, type KeyObject } from "node:crypto";
import { closeSync, constants, fstatSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Head, notAsLeft } from "./checkpoint.ts";
import type { AuditRecord } from "./event.ts";
import { isMissing, openRegular, parseFileName } from "./files.ts";
import { maxLineBytes, parseLine } from "./line.ts";
import { sealOf } from "./seal.ts";

/** Most bytes that may stand after a checkpoint: what was written in the moments before a crash. */
const longestRest = 16 * 1024 * 1024;

/** The end of a log file that can be written on. */
export interface Tail {
  /** Its descriptor, for the caller to close. */
  readonly file: number;
  /** The last good record. */
  readonly head: Head;
  /** What stands after it: a line that was begun and not finished. */
  readonly torn?: AuditRecord["torn"];
}

/**
 * Opens the file of a head for appending, and finds its end: the head's own record must be there, and after it only what a
 * process leaves that ends between writing a record and its checkpoint, or while writing a record.
 *
 * @throws CosError `failed_precondition` when anything else is there; what the file system throws.
 */
export function openTail(directory: string, head: Head, keys: readonly KeyObject[]): Tail {
  const file = open(directory, head);
  try {
    const { size } = fstatSync(file);
    if (size < head.bytes) throw notAsLeft("truncated");
    if (size > head.bytes + longestRest) throw notAsLeft("unknown-records");
    if (head.bytes > 0 && !endsWith(file, head, keys)) throw notAsLeft("altered-record");

    const rest = read(file, head.bytes, size);
    const last = follow(file, rest, head, keys);
    const left = rest.subarray(last.bytes - head.bytes);
    // A line that was not finished is never a record, so this one was written by somebody else.
    if (linesOf(left).some((line) => parseLine(line) !== undefined)) throw notAsLeft("unknown-records");
    return { file, head: last, torn: tornOf(left) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function open(directory: string, { file, bytes }: Head): number {
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  try {
    const opened = openRegular(join(directory, file), O_RDWR | O_APPEND | (bytes === 0 ? O_CREAT : 0));
    if (opened !== undefined) return opened;
  } catch (error) {
    if (isMissing(error)) throw notAsLeft("missing-file", error);
    throw error;
  }
  throw notAsLeft("no-file");
}

/** Whether the head's record is the line that ends where the head says. */
function endsWith(file: number, { bytes, mac }: Head, keys: readonly KeyObject[]): boolean {
  const before = read(file, Math.max(0, bytes - maxLineBytes - 1), bytes).toString("latin1");
  const line = before.slice(before.lastIndexOf("\n", before.length - 2) + 1);
  return line.endsWith("\n") && sealOf(keys, line.slice(0, -1)) === mac;
}

/**
 * The last of the good records after a head, also behind torn lines that a record closes. Where it only lacks the end of its
 * line, that is written.
 */
function follow(file: number, rest: Buffer, from: Head, keys: readonly KeyObject[]): Head {
  let head = from;
  let start = 0;
  for (const line of linesOf(rest)) {
    const record = sealOf(keys, line) === undefined ? undefined : parseLine(line);
    const end = start + line.length + 1;
    const between = rest.subarray(head.bytes - from.bytes, Math.max(start - 1, 0));
    if (record !== undefined && isNext(record, head) && isDeepStrictEqual(record.torn, tornOf(between))) {
      const { seq, mac, time } = record;
      head = { file: head.file, seq, mac, time, bytes: from.bytes + end };
    }
    start = end;
  }
  if (head.bytes - from.bytes > rest.length) writeSync(file, "\n");
  return head;
}

/** What the record that closes a torn line says of it; undefined when there is none. */
function tornOf(bytes: Buffer): AuditRecord["torn"] {
  if (bytes.length === 0) return undefined;
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function isNext({ writer, seq, prev }: AuditRecord, head: Head): boolean {
  return writer === parseFileName(head.file)?.writer && seq === head.seq + 1 && prev === head.mac;
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString("latin1").split("\n");
}

function read(file: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from);
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
}
