import { join } from "node:path";
import type { AuditRecord } from "./event.ts";
import { dayOf, listLogFiles, type LogFile, sizeOf } from "./files.ts";
import { type AuditFilter, matches } from "./filter.ts";
import { watchLog } from "./follow.ts";
import { maxLineBytes, parseLine } from "./line.ts";
import { readLines } from "./lines.ts";
import { mergeRecords, type Offsets } from "./merge.ts";

export type { AuditFilter } from "./filter.ts";

export interface ReadOptions {
  readonly directory: string;
  readonly filter?: AuditFilter | undefined;
  /** Only the newest so many. */
  readonly last?: number | undefined;
  /** Goes on with what is written from now on, until `signal` says to stop. */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Records of all writers, oldest first: by the days of their files, and within a day merged by time. Lines that are no
 * records are left out, and nobody checks that records are genuine; `verifyAuditLog` tells of both. Ends without an error when
 * the signal aborts.
 *
 * @throws CosError `failed_precondition` when the log cannot be read, or shall be followed and is not there.
 */
export async function* readAuditLog(options: ReadOptions): AsyncIterable<AuditRecord> {
  const { directory, filter = {}, follow = false, signal } = options;
  const offsets: Offsets = new Map();
  // Watching begins first, so that nothing is missed in between.
  const watching = follow ? watchLog(directory, signal) : undefined;
  try {
    let records = readDays(options, offsets);
    for (;;) {
      for await (const record of records) {
        if (signal?.aborted === true) return;
        if (matches(filter, record)) yield record;
      }
      const files = await watching?.changed();
      if (files === undefined) return;
      records = mergeRecords(directory, files, offsets);
    }
  } finally {
    watching?.close();
  }
}

/** What is in the files now, or the newest of it. Files that need not be read for it count as read. */
async function* readDays(
  { directory, filter = {}, last = Number.POSITIVE_INFINITY }: ReadOptions,
  offsets: Offsets,
): AsyncGenerator<AuditRecord> {
  const days = new Map<string, LogFile[]>();
  for (const file of listLogFiles(directory)) {
    if (await mayHold(directory, file, filter.since)) days.set(file.day, [...(days.get(file.day) ?? []), file]);
    else skip(directory, file, offsets);
  }
  if (last === Number.POSITIVE_INFINITY) {
    for (const files of days.values()) yield* mergeRecords(directory, files, offsets);
    return;
  }
  let newest: readonly AuditRecord[] = [];
  for (const [index, files] of [...days.values()].reverse().entries()) {
    // The newest day's files are being written: where their last line ends is known only by reading them.
    if (index > 0 && newest.length >= last) for (const file of files) skip(directory, file, offsets);
    else newest = [...(await lastOf(mergeRecords(directory, files, offsets), filter, last - newest.length)), ...newest];
  }
  yield* newest;
}

/** Whether a file may have records since then. Only its last one, if it closed a torn line, can be of a later day than it. */
async function mayHold(directory: string, { day, name }: LogFile, since: Date | undefined): Promise<boolean> {
  if (since === undefined || day >= dayOf(since.toISOString())) return true;
  const path = join(directory, name);
  for await (const { bytes } of readLines(path, Math.max(0, sizeOf(path) - maxLineBytes))) {
    const record = parseLine(bytes.toString("latin1"));
    if (record !== undefined && matches({ since }, record)) return true;
  }
  return false;
}

function skip(directory: string, { name }: LogFile, offsets: Offsets): void {
  offsets.set(name, sizeOf(join(directory, name)));
}

async function lastOf(records: AsyncIterable<AuditRecord>, filter: AuditFilter, count: number): Promise<AuditRecord[]> {
  const newest: AuditRecord[] = [];
  for await (const record of records) {
    if (matches(filter, record)) newest.push(record);
    if (newest.length > count) newest.shift();
  }
  return newest;
}
