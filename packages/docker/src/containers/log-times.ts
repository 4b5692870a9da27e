import { CosError, type ExactTime, isExactTime, type LogChunk, parseTime } from "@cos/core";
import type { FramePiece } from "../stdcopy.ts";

/** Longest time that engines write before an entry, with a zone, and the space after it. */
const longestPrefix = 36;
const space = 0x20;
const newline = 0x0a;
/** The engine cuts what a terminal gets into entries of at most so many bytes. */
const terminalEntryBytes = 16 * 1024;

/**
 * Takes the times off the entries of a log of which each is a frame of its own.
 *
 * @throws CosError `internal` when one has no time.
 */
export class FrameTimes {
  #frame = -1;
  #prefix = Buffer.alloc(0);
  #time: ExactTime | undefined;

  /** The piece without what it has of the time; undefined when nothing is left. */
  take({ stream, data, frame }: FramePiece): LogChunk | undefined {
    if (frame !== this.#frame) [this.#frame, this.#prefix, this.#time] = [frame, Buffer.alloc(0), undefined];
    let rest = data;
    if (this.#time === undefined) {
      const bytes = this.#prefix.byteLength === 0 ? data : Buffer.concat([this.#prefix, data]);
      const found = readTime(bytes);
      if (found === undefined && (bytes.includes(space) || bytes.byteLength >= longestPrefix)) throw outOfStep();
      if (found === undefined) {
        this.#prefix = Buffer.from(bytes);
        return undefined;
      }
      this.#time = found.time;
      rest = bytes.subarray(found.length);
    }
    return rest.byteLength === 0 ? undefined : { stream, data: rest, time: this.#time, entry: frame };
  }
}

/**
 * Takes the times off the log of a terminal, in which nothing but the time itself marks where an entry begins: at the
 * beginning of a line, and in a long line each time the engine's buffer was full.
 */
export async function* readTerminalTimes(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
  let time: ExactTime | undefined;
  let entry = -1;
  let entryBytes = 0;
  let mayBegin = true;
  let held = Buffer.alloc(0);
  function* split(bytes: Buffer, isLast: boolean): Generator<LogChunk> {
    let at = 0;
    while (at < bytes.byteLength) {
      if (mayBegin) {
        const found = readTime(bytes.subarray(at, at + longestPrefix));
        if (found === undefined && !isLast && bytes.byteLength - at < longestPrefix) break;
        if (found === undefined && time === undefined) throw outOfStep();
        if (found !== undefined) {
          [time, entryBytes] = [found.time, 0];
          [at, entry] = [at + found.length, entry + 1];
        }
        mayBegin = false;
        if (at >= bytes.byteLength) break;
      }
      const full = at + terminalEntryBytes - (entryBytes % terminalEntryBytes);
      const lineEnd = bytes.indexOf(newline, at);
      const end = Math.min(lineEnd === -1 ? bytes.byteLength : lineEnd + 1, full);
      yield { stream: "stdout", data: bytes.subarray(at, end), time, entry };
      entryBytes += end - at;
      mayBegin = end === full || end === lineEnd + 1;
      at = end;
    }
    held = Buffer.from(bytes.subarray(at));
  }
  for await (const bytes of source) yield* split(held.byteLength === 0 ? bytes : Buffer.concat([held, bytes]), false);
  yield* split(held, true);
}

/** The time at the beginning of an entry, and how many bytes it takes with the space after it. */
function readTime(bytes: Buffer): { time: ExactTime; length: number } | undefined {
  const end = bytes.subarray(0, longestPrefix).indexOf(space);
  if (end === -1) return undefined;
  const text = bytes.toString("latin1", 0, end);
  // Docker writes exact times; Podman leaves out zeros and writes its own zone.
  const time = isExactTime(text) ? text : text.length < 20 ? undefined : parseTime(text);
  return time === undefined ? undefined : { time, length: end + 1 };
}

function outOfStep(): CosError {
  return new CosError("internal", "The engine's log says no times.");
}
