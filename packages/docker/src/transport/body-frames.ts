import { CosError } from "@cos/core";

const maxLineBytes = 8 * 1024;
const newline = 0x0a;

/** Takes the pieces of a body out of the bytes of an HTTP answer. What it yields are views of what was pushed. */
export interface BodyFrames {
  push(bytes: Buffer): Generator<Buffer>;
  /** Whether nothing more belongs to the body. */
  readonly isOver: boolean;
  /** Whether the body may end here with the connection. */
  readonly mayEnd: boolean;
}

/** @returns the way in which an answer with these headers says where its body ends. */
export function bodyFrames(header: (name: string) => string | undefined): BodyFrames {
  if (header("transfer-encoding")?.toLowerCase() === "chunked") return new ChunkedFrames();
  const length = header("content-length");
  return new PlainFrames(length === undefined ? Number.POSITIVE_INFINITY : Number(length));
}

class PlainFrames implements BodyFrames {
  readonly #hasLength: boolean;
  #left: number;

  constructor(left: number) {
    this.#left = left;
    this.#hasLength = Number.isFinite(left);
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  get mayEnd(): boolean {
    return this.isOver || !this.#hasLength;
  }

  *push(bytes: Buffer): Generator<Buffer> {
    const piece = bytes.subarray(0, this.#left);
    this.#left -= piece.byteLength;
    if (piece.byteLength > 0) yield piece;
  }
}

/** Chunks, each behind a line with its size, up to one of no size. */
class ChunkedFrames implements BodyFrames {
  #next: "size" | "data" | "end of data" | "trailer" | "nothing" = "size";
  #line = "";
  #left = 0;

  get isOver(): boolean {
    return this.#next === "nothing";
  }

  get mayEnd(): boolean {
    return this.isOver;
  }

  *push(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.byteLength && !this.isOver;) {
      if (this.#next === "data") {
        const piece = bytes.subarray(at, at + this.#left);
        at += piece.byteLength;
        this.#left -= piece.byteLength;
        if (this.#left === 0) this.#next = "end of data";
        yield piece;
        continue;
      }
      const end = bytes.indexOf(newline, at);
      this.#line += bytes.toString("latin1", at, end === -1 ? bytes.byteLength : end);
      if (this.#line.length > maxLineBytes) throw notHttp();
      if (end === -1) return;
      this.#takeLine(this.#line.replace(/\r$/, ""));
      this.#line = "";
      at = end + 1;
    }
  }

  #takeLine(line: string): void {
    if (this.#next === "trailer") {
      if (line === "") this.#next = "nothing";
      return;
    }
    if (this.#next === "end of data") {
      if (line !== "") throw notHttp();
      this.#next = "size";
      return;
    }
    const size = /^([0-9a-f]{1,8})(?:[ \t]*;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw notHttp();
    this.#left = Number.parseInt(size, 16);
    this.#next = this.#left === 0 ? "trailer" : "data";
  }
}

function notHttp(): CosError {
  return new CosError("internal", "The engine's answer is no HTTP.");
}
