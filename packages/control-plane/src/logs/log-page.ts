import type { LogLine } from "@cos/core";

/** A line as an answer holds it. */
export interface PageLine extends LogLine {
  /** With everything that belongs to it. */
  readonly shown: string;
  /** How much of an answer it takes. */
  readonly bytes: number;
}

/** The lines of an answer. */
export interface LogPage {
  readonly lines: readonly PageLine[];
  /** Bytes of the log that were to be in it and are not. */
  readonly cutBytes: number;
}

/** How lines are shown. */
export interface LineStyle {
  /** Whether each begins with its time. */
  readonly timestamps: boolean;
  /** Whether each ends as a line, also where the log does not, because other lines are left out. */
  readonly endEach: boolean;
}

export function toPageLine(line: LogLine, { timestamps, endEach }: LineStyle): PageLine {
  const { time, text, ended, cutBytes } = line;
  const before = timestamps && time !== undefined ? `${time} ` : "";
  const cut = cutBytes === 0 ? "" : ` [cos cut ${cutBytes} bytes here]`;
  const shown = `${before}${text}${cut}${ended || endEach ? "\n" : ""}`;
  return { ...line, shown, bytes: Buffer.byteLength(shown) };
}

/** Keeps the newest lines, as many as are wanted and fit. */
export class NewestLines {
  readonly #maxLines: number;
  readonly #limitBytes: number;
  #lines: (PageLine | undefined)[] = [];
  /** The sizes of all lines that are wanted, kept or not; those before `#first` are not. */
  #sizes: number[] = [];
  #first = 0;
  #firstKept = 0;
  #keptBytes = 0;

  constructor(maxLines: number, limitBytes: number) {
    [this.#maxLines, this.#limitBytes] = [maxLines, limitBytes];
  }

  push(line: PageLine): void {
    this.#lines.push(line);
    this.#sizes.push(line.bytes);
    this.#keptBytes += line.bytes;
    if (this.#sizes.length - this.#first > this.#maxLines) this.#first++;
    const isLast = () => this.#firstKept === this.#lines.length - 1;
    while (this.#firstKept < this.#first || (this.#keptBytes > this.#limitBytes && !isLast())) {
      this.#keptBytes -= this.#sizes[this.#firstKept] ?? 0;
      this.#lines[this.#firstKept++] = undefined;
    }
    if (this.#first > 2 * this.#maxLines) this.#forget(this.#first);
  }

  page(): LogPage {
    const lines = this.#lines.slice(this.#firstKept).flatMap((line) => line ?? []);
    const left = this.#sizes.slice(this.#first, this.#firstKept).reduce((sum, bytes) => sum + bytes, 0);
    return { lines, cutBytes: left + lines.reduce((sum, { cutBytes }) => sum + cutBytes, 0) };
  }

  #forget(count: number): void {
    [this.#lines, this.#sizes] = [this.#lines.slice(count), this.#sizes.slice(count)];
    [this.#first, this.#firstKept] = [this.#first - count, this.#firstKept - count];
  }
}

/** Keeps the oldest lines that fit. The first one always does. */
export class OldestLines {
  readonly #limitBytes: number;
  readonly #lines: PageLine[] = [];
  #keptBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Whether the line fitted. */
  push(line: PageLine): boolean {
    if (this.#lines.length > 0 && this.#keptBytes + line.bytes > this.#limitBytes) return false;
    this.#keptBytes += line.bytes;
    this.#lines.push(line);
    return true;
  }

  page(): LogPage {
    return { lines: this.#lines, cutBytes: this.#lines.reduce((sum, { cutBytes }) => sum + cutBytes, 0) };
  }
}
