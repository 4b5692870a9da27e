import type { ExactTime } from "./exact-time.ts";
import type { LogChunk } from "./logs.ts";
import { type OutputChunk, wholeCharacters } from "./output.ts";

/** A line of a log. */
export interface LogLine {
  readonly stream: OutputChunk["stream"];
  /** When its first entry was written, if the chunks said so. */
  readonly time: ExactTime | undefined;
  /** Without the line's end. Bytes that are no UTF-8 are U+FFFD. */
  readonly text: string;
  /** Whether an end of line follows. If not, the log ends here, or the other stream was written to in mid-line. */
  readonly ended: boolean;
  /** Bytes of the line beyond the most that is kept. */
  readonly cutBytes: number;
  /** The times of the entries that begin in it, if the chunks said so. */
  readonly entryTimes: readonly ExactTime[];
}

const newline = 0x0a;

/**
 * Makes lines of the chunks of a log, in the order of the log: where one stream is written to while the other is in
 * mid-line, that line is in two pieces, as it would be on a terminal. Of a line never more than `maxLineBytes` is kept.
 */
export class LogLines {
  readonly #maxLineBytes: number;
  /** The beginning of the line that is not over; its memory is used again. */
  #kept = Buffer.alloc(0);
  #keptBytes = 0;
  #seenBytes = 0;
  #isOpen = false;
  #stream: OutputChunk["stream"] = "stdout";
  #time: ExactTime | undefined;
  #entryTimes: ExactTime[] = [];
  #entry: number | undefined;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Takes the next chunk; what is kept of it is copied. Answers with the lines that are over. */
  push({ stream, data, time, entry }: LogChunk): LogLine[] {
    const lines: LogLine[] = [];
    if (data.byteLength === 0) return lines;
    if (this.#isOpen && stream !== this.#stream) lines.push(this.#close(false));
    this.#stream = stream;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    let isNew = entry !== undefined && entry !== this.#entry;
    this.#entry = entry;
    for (let at = 0; at < bytes.byteLength;) {
      const end = bytes.indexOf(newline, at);
      if (!this.#isOpen) [this.#isOpen, this.#time] = [true, time];
      if (isNew && time !== undefined) this.#entryTimes.push(time);
      isNew = false;
      this.#add(bytes.subarray(at, end === -1 ? bytes.byteLength : end));
      if (end === -1) break;
      lines.push(this.#close(true));
      at = end + 1;
    }
    return lines;
  }

  /** The line that was not over when the log ended, if there is one. */
  end(): LogLine[] {
    return this.#isOpen ? [this.#close(false)] : [];
  }

  #add(piece: Buffer): void {
    this.#seenBytes += piece.byteLength;
    const taken = piece.subarray(0, this.#maxLineBytes - this.#keptBytes);
    const needed = this.#keptBytes + taken.byteLength;
    if (needed > this.#kept.byteLength) {
      const grown = Buffer.alloc(Math.min(this.#maxLineBytes, Math.max(needed, 2 * this.#kept.byteLength, 1024)));
      this.#kept.copy(grown, 0, 0, this.#keptBytes);
      this.#kept = grown;
    }
    taken.copy(this.#kept, this.#keptBytes);
    this.#keptBytes = needed;
  }

  #close(ended: boolean): LogLine {
    const all = this.#kept.subarray(0, this.#keptBytes);
    const kept = this.#seenBytes === this.#keptBytes ? all : wholeCharacters(all);
    const cutBytes = this.#seenBytes - kept.byteLength;
    const line = { stream: this.#stream, time: this.#time, text: kept.toString("utf8"), ended, cutBytes };
    const entryTimes = this.#entryTimes;
    [this.#keptBytes, this.#seenBytes, this.#isOpen, this.#entryTimes] = [0, 0, false, []];
    return { ...line, entryTimes };
  }
}
