import { closeSync, readSync } from "node:fs";
import { maxHeaderBytes, type TarEntry, tarPadding, writeTarHeader } from "../tar/tar-header.ts";
import { changed, ContextDirectory, toContextFailure } from "./context-directory.ts";
import { type ContextFile, tooLarge } from "./context-files.ts";

/** A file that is packed with this content, whatever the directory has under its path. */
export interface GivenFile {
  readonly path: string;
  readonly content: Buffer;
}

/** How an archive is handed on. */
export interface PieceOptions {
  readonly pieceBytes: number;
  /** How many pieces there is memory for; each is overwritten when this many more have been asked for. */
  readonly memoryPieces: number;
  /** Most bytes of files; 2 GiB unless set. */
  readonly maxBytes?: number;
}

/** Most bytes of files in a build context. */
const maxContextBytes = 2 * 1024 ** 3;

/** An archive in pieces of one size, into which files are read without a buffer between. */
class Pieces {
  readonly #options: PieceOptions;
  readonly #later: Buffer[] = [];
  #piece: Buffer;
  #used = 0;

  constructor(options: PieceOptions) {
    this.#options = options;
    this.#piece = Buffer.allocUnsafeSlow(options.pieceBytes);
  }

  get room(): number {
    return this.#options.pieceBytes - this.#used;
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /** What is packed so far; another piece begins. */
  take(): Buffer {
    const taken = this.#piece.subarray(0, this.#used);
    this.#later.push(this.#piece);
    const { pieceBytes, memoryPieces } = this.#options;
    const next = this.#later.length < memoryPieces ? undefined : this.#later.shift();
    this.#piece = next ?? Buffer.allocUnsafeSlow(pieceBytes);
    this.#used = 0;
    return taken;
  }

  /** Needs room for `maxHeaderBytes`. */
  addHeader(entry: TarEntry): void {
    this.#used += writeTarHeader(this.#piece, this.#used, entry);
  }

  /** Reads at most `bytes` from a file; answers with how many there were. */
  addFrom(descriptor: number, bytes: number): number {
    const read = readSync(descriptor, this.#piece, this.#used, Math.min(bytes, this.room), null);
    this.#used += read;
    return read;
  }

  /** Leaves zeros after content of this size. Needs room for 512 bytes. */
  addPadding(size: number): void {
    const bytes = (512 - (size % 512)) % 512;
    this.#piece.fill(0, this.#used, this.#used + bytes);
    this.#used += bytes;
  }
}

/**
 * Packs files of a context in pieces, synchronously: the caller sees to it that others get their turn between them.
 *
 * @param root a real path.
 * @throws CosError `failed_precondition` when a file changed since it was listed, `denied` when one may not be read,
 * `invalid_argument` when there are too many bytes.
 */
export function* packContextFiles(
  root: string,
  files: readonly ContextFile[],
  options: PieceOptions,
): Generator<Buffer> {
  const pieces = new Pieces(options);
  const directory = new ContextDirectory(root);
  const { maxBytes = maxContextBytes } = options;
  let bytes = 0;
  try {
    for (const file of files) {
      if (pieces.room < maxHeaderBytes) yield pieces.take();
      if (file.type !== "file") {
        pieces.addHeader({ ...file, size: 0 });
        continue;
      }
      const { path } = file;
      const { descriptor, size, mode } = directory.open(path);
      try {
        bytes += size;
        if (bytes > maxBytes) throw tooLarge(`has more than ${maxBytes} bytes`);
        pieces.addHeader({ path, type: "file", mode, size });
        for (let left = size; left > 0;) {
          if (pieces.room === 0) yield pieces.take();
          const read = pieces.addFrom(descriptor, left);
          if (read === 0) throw changed(path);
          left -= read;
        }
      } catch (error) {
        throw toContextFailure(error, path);
      } finally {
        closeSync(descriptor);
      }
      if (pieces.room < 512) yield pieces.take();
      pieces.addPadding(size);
    }
    if (!pieces.isEmpty) yield pieces.take();
  } finally {
    directory.close();
  }
}

/** A given file as an archive has it. */
export function packGivenFile({ path, content }: GivenFile): Buffer {
  const header = Buffer.alloc(maxHeaderBytes);
  const entry = { path, type: "file", mode: 0o644, size: content.byteLength } as const;
  return Buffer.concat([header.subarray(0, writeTarHeader(header, 0, entry)), content, tarPadding(content.byteLength)]);
}
