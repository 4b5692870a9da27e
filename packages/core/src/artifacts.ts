import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { FileEntry, FileSink } from "./files.ts";
import type { Artifact } from "./job.ts";
import type { Redaction } from "./redaction.ts";

/** Bytes of content that a result carries: of one artifact, and of all together. */
const maxContentBytes = 256 * 1024;
const maxContentsBytes = 1024 * 1024;
/** Bytes of artifacts that are read when nobody takes them. */
const maxReadBytes = 64 * 1024 * 1024;
/** Artifacts that a result names. */
const maxArtifacts = 1000;

export interface CollectOptions {
  readonly sink?: FileSink | undefined;
  /** Takes secrets out of the content before anybody sees it. */
  readonly redaction?: Redaction | undefined;
}

/**
 * What a job left under the paths that it was asked for. A path that is not there, or cannot be read, is told as missing.
 *
 * @param read gives what lies under a path, as `containers.readFiles` does.
 * @throws what the sink throws.
 */
export async function collectArtifacts(
  paths: readonly string[],
  read: (path: string) => AsyncIterable<FileEntry>,
  { sink, redaction }: CollectOptions = {},
): Promise<{ artifacts: Artifact[]; missingArtifacts: string[] }> {
  const artifacts: Artifact[] = [];
  const missingArtifacts: string[] = [];
  const left = { bytes: sink === undefined ? maxReadBytes : Number.POSITIVE_INFINITY, contents: maxContentsBytes };
  let sinkFailure: { readonly error: unknown } | undefined;

  async function collect(path: string): Promise<boolean> {
    let found = false;
    for await (const entry of read(path)) {
      found ||= entry.type === "file" || entry.type === "directory";
      const isFull = artifacts.length >= maxArtifacts;
      if (entry.size > left.bytes || (isFull && sink === undefined)) {
        if (!isFull) artifacts.push({ path: pathOf(path, entry), size: entry.size, truncated: true });
        return true;
      }
      left.bytes -= entry.size;
      const keep = sink === undefined && entry.size <= Math.min(maxContentBytes, left.contents);
      const content = entry.content && new WatchedContent(entry.content, { redaction, keep });
      await sink?.(path, { ...entry, content }).catch((error: unknown) => {
        sinkFailure = { error };
        throw error;
      });
      if (content === undefined) continue;
      const { size, sha256, kept } = await content.end();
      if (isFull) continue;
      if (kept !== undefined) left.contents -= size;
      const shown = kept === undefined ? {} : toContent(kept);
      artifacts.push({ path: pathOf(path, entry), size, sha256, ...shown });
    }
    return found;
  }

  for (const path of paths) {
    const found = await collect(path).catch((error: unknown) => {
      if (sinkFailure?.error === error) throw error;
      return false;
    });
    if (!found) missingArtifacts.push(path);
  }
  return { artifacts, missingArtifacts };
}

/** The content of a file without secrets, with a note of what passes. Whoever iterates goes on where it was left. */
export class WatchedContent implements AsyncIterable<Uint8Array> {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #hash = createHash("sha256");
  readonly #kept: Buffer[] | undefined;
  #size = 0;

  /** @param options `keep`: whether `end` gives the bytes, too. */
  constructor(
    content: AsyncIterable<Uint8Array>,
    { redaction, keep }: { readonly redaction?: Redaction | undefined; readonly keep: boolean },
  ) {
    this.#pieces = (redaction === undefined ? content : redacted(content, redaction))[Symbol.asyncIterator]();
    this.#kept = keep ? [] : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.#pieces.next();
      if (piece.done === true) return;
      this.#hash.update(piece.value);
      this.#size += piece.value.byteLength;
      this.#kept?.push(Buffer.from(piece.value));
      yield piece.value;
    }
  }

  /** Reads the rest, and tells what has passed in all. */
  async end(): Promise<{ size: number; sha256: string; kept: Buffer | undefined }> {
    for await (const _rest of this);
    return { size: this.#size, sha256: this.#hash.digest("hex"), kept: this.#kept && Buffer.concat(this.#kept) };
  }
}

async function* redacted(content: AsyncIterable<Uint8Array>, redaction: Redaction): AsyncGenerator<Uint8Array> {
  const redactor = redaction.open();
  for await (const piece of content) yield redactor.push(piece);
  yield redactor.end();
}

function pathOf(asked: string, { path, type }: FileEntry): string {
  return type === "file" && path === posix.basename(asked) ? asked : posix.join(asked, path);
}

/** Bytes as text where they are text, else as base64. */
export function toContent(bytes: Buffer): Required<Pick<Artifact, "content" | "encoding">> {
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes)
    ? { content: text, encoding: "utf8" }
    : { content: bytes.toString("base64"), encoding: "base64" };
}
