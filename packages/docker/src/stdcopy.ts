import { CosError, type OutputChunk } from "@cos/core";
import { engineMessage } from "./transport/refusal.ts";

/**
 * Longest frame accepted, in bytes. Engines write frames of at most 32 KiB or one log line; anything near this
 * bound means that the stream is out of step.
 */
const maxFrameBytes = 64 * 1024 * 1024;
const headerBytes = 8;
const streams = ["stdout", "stdout", "stderr", "stderr"] as const;
/** The stream in which the engine itself speaks; nothing in a container can write to it. */
const engineStream = 3;

/** Receives a piece of output. `byEngine` says that the engine wrote it, and not the container. */
type DataCallback = (chunk: OutputChunk, byEngine: boolean) => void | Promise<void>;

/**
 * Takes apart the multiplexed output of a container without a terminal: frames of an 8-byte header (stream, three
 * zero bytes, big-endian length) and a payload. Linear in the input however it is cut, and holds no payload back:
 * each call of `onData` gets a view of the chunk that was pushed.
 */
export class StdcopyDemuxer {
  readonly #onData: DataCallback;
  readonly #header = Buffer.alloc(headerBytes);
  #headerFill = 0;
  #payloadLeft = 0;
  #frames = 0;
  #stream: OutputChunk["stream"] = "stdout";
  #byEngine = false;

  constructor(onData: DataCallback) {
    this.#onData = onData;
  }

  /** Whether the last frame is complete. */
  get atBoundary(): boolean {
    return this.#headerFill === 0 && this.#payloadLeft === 0;
  }

  /** How many frames have begun. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * Takes the next bytes. When `onData` answers with a promise, the rest waits for it, and so does the returned one.
   *
   * @throws CosError `internal` when the bytes are not such a stream.
   */
  push(chunk: Buffer): void | Promise<void> {
    return this.#continue(chunk, 0);
  }

  #continue(chunk: Buffer, from: number): void | Promise<void> {
    let at = from;
    while (at < chunk.byteLength) {
      if (this.#payloadLeft === 0) {
        at = this.#takeHeader(chunk, at);
        continue;
      }
      const end = Math.min(chunk.byteLength, at + this.#payloadLeft);
      const data = chunk.subarray(at, end);
      this.#payloadLeft -= end - at;
      at = end;
      const pending = this.#onData({ stream: this.#stream, data }, this.#byEngine);
      if (pending !== undefined) return pending.then(() => this.#continue(chunk, at));
    }
  }

  #takeHeader(chunk: Buffer, from: number): number {
    let header: Buffer = this.#header;
    let offset = 0;
    let at = from;
    if (this.#headerFill === 0 && chunk.byteLength - at >= headerBytes) {
      [header, offset] = [chunk, at];
      at += headerBytes;
    } else {
      while (this.#headerFill < headerBytes && at < chunk.byteLength) header[this.#headerFill++] = chunk[at++] ?? 0;
      if (this.#headerFill < headerBytes) return at;
      this.#headerFill = 0;
    }
    const stream = streams[header[offset] ?? 255];
    const length = header.readUInt32BE(offset + 4);
    const padding = (header[offset + 1] ?? 0) | (header[offset + 2] ?? 0) | (header[offset + 3] ?? 0);
    if (stream === undefined || padding !== 0 || length > maxFrameBytes) {
      throw new CosError("internal", "The engine's output stream is out of step.");
    }
    this.#stream = stream;
    this.#byEngine = header[offset] === engineStream;
    this.#payloadLeft = length;
    this.#frames++;
    return at;
  }
}

/** A piece of a multiplexed stream, with the number of its frame, from 0. */
export interface FramePiece extends OutputChunk {
  readonly data: Buffer;
  readonly frame: number;
}

/**
 * The output in a multiplexed stream, piece by piece.
 *
 * @throws CosError `unavailable` when the stream ends inside a frame, or the engine says in it that it cannot go on;
 * `internal` when it is not such a stream; whatever the source throws.
 */
export function readStdcopy(source: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk> {
  return demultiplex(source, (chunk) => chunk);
}

/** As {@link readStdcopy}, with the number of the frame that each piece is of. */
export function readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<FramePiece> {
  return demultiplex(source, ({ stream, data }, frame) => ({ stream, data: data as Buffer, frame }));
}

async function* demultiplex<T>(
  source: AsyncIterable<Buffer>,
  toPiece: (chunk: OutputChunk, frame: number) => T,
): AsyncGenerator<T> {
  let pieces: T[] = [];
  let failure: CosError | undefined;
  const demuxer = new StdcopyDemuxer((chunk, byEngine) => {
    if (failure !== undefined) return;
    if (!byEngine) pieces.push(toPiece(chunk, demuxer.frames - 1));
    else failure = new CosError("unavailable", `The engine could not read on: ${engineMessage(String(chunk.data))}`);
  });
  for await (const bytes of source) {
    void demuxer.push(bytes);
    // `yield*` would make more promises for each.
    for (const piece of pieces) yield piece;
    pieces = [];
    if (failure !== undefined) throw failure;
  }
  if (!demuxer.atBoundary) throw new CosError("unavailable", "The output of the container broke off.");
}
