import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { cannotBeRead, isMissing } from "./files.ts";

const chunkBytes = 64 * 1024;

/** A line of a file, without its end. */
export interface Line {
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** Whether the line's end is there, too. */
  readonly ended: boolean;
  /** False for a part of a line that is too long for the log to have written it. */
  readonly whole: boolean;
}

/**
 * The lines of a regular file between two offsets; none when nothing, or something else, is there.
 *
 * @throws CosError `failed_precondition` when the file cannot be read.
 */
export async function* readLines(path: string, from = 0, to = Number.POSITIVE_INFINITY): AsyncGenerator<Line> {
  const file = await openToRead(path);
  if (file === undefined) return;
  try {
    const chunk = Buffer.alloc(chunkBytes);
    let begun = Buffer.alloc(0);
    let number = 1;
    let whole = true;
    for (let at = from; at < to;) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunkBytes, to - at), at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const bytes = Buffer.concat([begun, chunk.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = bytes.indexOf("\n"); end !== -1; end = bytes.indexOf("\n", start)) {
        yield { bytes: bytes.subarray(start, end), number, ended: true, whole };
        start = end + 1;
        number += 1;
        whole = true;
      }
      begun = bytes.subarray(start);
      if (begun.length >= chunkBytes) {
        yield { bytes: begun, number, ended: false, whole: false };
        begun = Buffer.alloc(0);
        whole = false;
      }
    }
    if (begun.length > 0) yield { bytes: begun, number, ended: false, whole };
  } finally {
    await file.close();
  }
}

async function openToRead(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file: FileHandle | undefined;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
  } catch (cause) {
    if (isMissing(cause) || (cause as NodeJS.ErrnoException).code === "ELOOP") return undefined;
    throw cannotBeRead(cause);
  }
  await file.close();
  return undefined;
}
