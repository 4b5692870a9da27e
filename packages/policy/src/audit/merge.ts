import { join } from "node:path";
import type { AuditRecord } from "./event.ts";
import type { LogFile } from "./files.ts";
import { parseLine } from "./line.ts";
import { readLines } from "./lines.ts";

/** Up to where files were read, by their names. */
export type Offsets = Map<string, number>;

/**
 * The records of files from where they were read before, merged by time; records of one file stay in their order. Lines that
 * are no records are left out.
 */
export async function* mergeRecords(
  directory: string,
  files: readonly LogFile[],
  offsets: Offsets,
): AsyncGenerator<AuditRecord> {
  const sources = files.map(({ name }) => readRecords(directory, name, offsets));
  try {
    const heads = await Promise.all(sources.map(async (source) => ({ source, record: await next(source) })));
    for (;;) {
      let first: (typeof heads)[number] | undefined;
      for (const head of heads) {
        if (head.record !== undefined && (first?.record === undefined || head.record.time < first.record.time))
          first = head;
      }
      if (first?.record === undefined) return;
      yield first.record;
      first.record = await next(first.source);
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}

async function next(source: AsyncGenerator<AuditRecord>): Promise<AuditRecord | undefined> {
  const result = await source.next();
  return result.done === true ? undefined : result.value;
}

async function* readRecords(directory: string, name: string, offsets: Offsets): AsyncGenerator<AuditRecord> {
  let offset = offsets.get(name) ?? 0;
  for await (const { bytes, ended, whole } of readLines(join(directory, name), offset)) {
    // A line that is still being written is read once it is whole.
    if (whole && !ended) return;
    offset += bytes.length + (ended ? 1 : 0);
    offsets.set(name, offset);
    const record = whole ? parseLine(bytes.toString("latin1")) : undefined;
    if (record !== undefined) yield record;
  }
}
