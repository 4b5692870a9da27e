import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CosError } from "@cos/core";
import type { Headers } from "tar-stream";

/** Most entries of one archive; a directory with more is read in parts. */
const maxEntries = 100_000;
/** Most bytes that are not content between one entry and the next, what is on its way included. */
const maxHeaderBytes = 4 * 1024 * 1024;
const blockBytes = 512;

/** An entry of an archive as it stands there. Nothing of it was checked but its size. */
export interface TarMember {
  readonly header: Headers;
  readonly size: number;
  /** What is not read before the next entry is asked for is passed over. */
  readonly content: AsyncIterable<Uint8Array>;
}

interface Arrival {
  readonly header: Headers;
  readonly stream: NodeJS.ReadableStream;
  readonly next: () => void;
}

/**
 * Reads an archive while it arrives; no more is read than is taken.
 *
 * @throws CosError `unavailable` when it is damaged or ends too soon, `failed_precondition` when it has too many entries;
 * whatever the source throws.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const extract = (await import("tar-stream")).default.extract();
  const arrivals: Arrival[] = [];
  let accountedBytes = 0;
  let arrived = () => {};
  extract.on("entry", (header, stream, next) => {
    accountedBytes += blockBytes + Math.ceil((header.size ?? 0) / blockBytes) * blockBytes;
    arrivals.push({ header, stream, next });
    arrived();
  });
  async function* guarded() {
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.byteLength;
      // Headers are held in memory until they are whole.
      if (bytes - accountedBytes > maxHeaderBytes) throw damaged();
      yield chunk;
    }
  }
  const parsing = pipeline(Readable.from(guarded(), { objectMode: false }), extract).catch((error: unknown) => {
    throw CosError.is(error) ? error : damaged(error);
  });
  parsing.catch(() => undefined);
  try {
    for (let count = 1; ; count++) {
      const arrival = arrivals.shift() ?? (await nextOf(arrivals, parsing, (wake) => (arrived = wake)));
      if (arrival === undefined) return;
      const { header, stream, next } = arrival;
      const size = header.size ?? 0;
      if (!Number.isSafeInteger(size) || size < 0) throw damaged();
      if (count > maxEntries) {
        throw new CosError("failed_precondition", `There are more than ${maxEntries} files.`, {
          hint: "Ask for a directory below it.",
        });
      }
      const content = new MemberContent(stream, parsing);
      yield { header, size, content };
      await content.passOver();
      next();
    }
  } finally {
    extract.destroy();
  }
}

/** The next entry, or undefined at the end of the archive. */
async function nextOf(
  arrivals: Arrival[],
  parsing: Promise<void>,
  onArrival: (wake: () => void) => void,
): Promise<Arrival | undefined> {
  await Promise.race([parsing, new Promise<void>((resolve) => onArrival(resolve))]);
  return arrivals.shift();
}

/** The content of one entry. It can be iterated over more than once, and then goes on where it was left. */
class MemberContent implements AsyncIterable<Uint8Array> {
  readonly #stream: NodeJS.ReadableStream;
  readonly #parsing: Promise<void>;
  #end: "whole" | "broken" | undefined;
  #wake = () => {};

  constructor(stream: NodeJS.ReadableStream, parsing: Promise<void>) {
    this.#stream = stream;
    this.#parsing = parsing;
    const end = (how: "whole" | "broken") => {
      this.#end ??= how;
      this.#wake();
    };
    stream
      .on("readable", () => this.#wake())
      .on("end", () => end("whole"))
      .on("close", () => end("broken"))
      .on("error", () => end("broken"));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk !== null) {
        yield chunk;
        continue;
      }
      if (this.#end === "whole") return;
      if (this.#end === "broken") {
        await this.#parsing;
        throw damaged();
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async passOver(): Promise<void> {
    for await (const _rest of this);
  }
}

function damaged(cause?: unknown): CosError {
  return new CosError("unavailable", "The archive is damaged or breaks off.", { hint: "Try again.", cause });
}
