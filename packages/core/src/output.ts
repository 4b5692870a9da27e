/** A piece of a running job's output, as it arrives. Valid until the sink's promise settles. */
export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

/** Receives output live. While the promise it returns is pending, no more is read from the container. */
export type OutputSink = (chunk: OutputChunk) => void | Promise<void>;

/** Bytes of each stream that a result keeps unless asked otherwise. */
export const defaultOutputBytes = 1024 * 1024;

/**
 * Keeps the head and the tail of a stream within a fixed number of bytes and counts what lies between.
 * Memory in use never exceeds the limit, however small the chunks are.
 */
export class BoundedOutput {
  readonly #limit: number;
  readonly #headLimit: number;
  /** The first `headLimit` bytes in order; behind them a ring of the latest ones. Grows up to the limit. */
  #kept = new Uint8Array(0);
  #seenBytes = 0;

  constructor(limitBytes: number = defaultOutputBytes) {
    this.#limit = limitBytes;
    this.#headLimit = Math.ceil(limitBytes / 2);
  }

  /** Bytes that were not kept. */
  get cutBytes(): number {
    return this.#seenBytes <= this.#limit ? 0 : this.#parts().cutBytes;
  }

  /** Adds a chunk; what is kept of it is copied. */
  push(chunk: Uint8Array): void {
    const start = this.#positionOf(this.#seenBytes);
    if (start + chunk.byteLength <= this.#limit) {
      this.#growTo(start + chunk.byteLength);
      this.#kept.set(chunk, start);
      this.#seenBytes += chunk.byteLength;
    } else {
      this.#pushAcrossTheEnd(chunk);
    }
  }

  /** What was kept, as text. Where bytes were cut, a line says how many. */
  text(): string {
    if (this.#seenBytes <= this.#limit) return Buffer.from(this.#kept.subarray(0, this.#seenBytes)).toString("utf8");
    const { head, tail, cutBytes } = this.#parts();
    return `${head.toString("utf8")}\n[cos cut ${cutBytes} bytes here]\n${tail.toString("utf8")}`;
  }

  #pushAcrossTheEnd(chunk: Uint8Array): void {
    this.#growTo(this.#limit);
    const free = Math.max(0, this.#limit - this.#seenBytes);
    this.#kept.set(chunk.subarray(0, free), this.#limit - free);
    this.#seenBytes += chunk.byteLength;
    const ringLength = this.#limit - this.#headLimit;
    const latest = chunk.subarray(Math.max(free, chunk.byteLength - ringLength));
    if (latest.byteLength === 0) return;
    const start = this.#positionOf(this.#seenBytes - latest.byteLength);
    const beforeWrap = latest.subarray(0, this.#limit - start);
    this.#kept.set(beforeWrap, start);
    this.#kept.set(latest.subarray(beforeWrap.byteLength), this.#headLimit);
  }

  /** Where in `#kept` the byte with this number in the stream lies. */
  #positionOf(byteNumber: number): number {
    if (byteNumber < this.#limit) return byteNumber;
    const ringLength = this.#limit - this.#headLimit;
    return ringLength === 0 ? this.#limit : this.#headLimit + ((byteNumber - this.#headLimit) % ringLength);
  }

  /** Head and tail without the characters that the cut goes through. */
  #parts(): { head: Buffer; tail: Buffer; cutBytes: number } {
    const oldest = this.#positionOf(this.#seenBytes);
    const ring = [this.#kept.subarray(oldest), this.#kept.subarray(this.#headLimit, oldest)];
    const head = wholeCharacters(Buffer.from(this.#kept.subarray(0, this.#headLimit)));
    const tail = afterContinuation(Buffer.concat(ring));
    return { head, tail, cutBytes: this.#seenBytes - head.byteLength - tail.byteLength };
  }

  #growTo(length: number): void {
    if (length <= this.#kept.byteLength) return;
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(length, 2 * this.#kept.byteLength, 4096)));
    grown.set(this.#kept);
    this.#kept = grown;
  }
}

/** Without a UTF-8 character that a cut left incomplete at the end. */
export function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.byteLength); back++) {
    const byte = bytes[bytes.byteLength - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.byteLength - back) : bytes;
  }
  return bytes;
}

/** Without the rest of a UTF-8 character whose beginning was cut away. */
function afterContinuation(bytes: Buffer): Buffer {
  let start = 0;
  while (start < Math.min(3, bytes.byteLength) && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
