import type * as net from "node:net";
import { CosError } from "@cos/core";
import { bodyFrames, type BodyFrames } from "./body-frames.ts";
import type { EngineClient, Query } from "./engine-client.ts";
import { toRefusal } from "./refusal.ts";
import { toUnavailable } from "./transport.ts";

/** How long the engine may take to begin its answer, in milliseconds. */
const headDeadlineMs = 60_000;
const maxHeadBytes = 64 * 1024;
const maxRefusalBytes = 64 * 1024;

/** The body of an answer, as it arrives. */
export interface OpenBody {
  /** Pieces of it, each valid until the next one is asked for: all of them are views of the same memory. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Drops the connection; whoever waits for a piece gets the error. */
  destroy(error?: CosError): void;
}

/**
 * Asks for a long body on a connection of its own. Node's HTTP client makes a new buffer of every piece, of which a
 * long body in small pieces needs tens of megabytes; here all go through one.
 *
 * @throws CosError by status; `unavailable`, `deadline_exceeded`, `cancelled`.
 */
export async function openBody(
  client: EngineClient,
  segments: readonly string[],
  { query, signal }: { readonly query?: Query; readonly signal?: AbortSignal | undefined },
): Promise<OpenBody> {
  const isAborted = () => signal?.aborted === true;
  if (isAborted()) throw cancelled();
  const path = client.path(segments, query);
  const inbox = new Inbox();
  const socket = await client.transport.openSocket("GET", path, (chunk) => inbox.put(chunk));
  inbox.listen(socket);
  const destroy = (error?: CosError) => {
    inbox.fail(error ?? new CosError("unavailable", "The connection to the engine was closed."));
    socket.destroy();
  };
  const onAbort = () => destroy(cancelled());
  const timer = setTimeout(() => {
    destroy(
      new CosError("deadline_exceeded", "The engine did not answer in time.", { hint: "Check its health: cos doctor" }),
    );
  }, headDeadlineMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (isAborted()) onAbort();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`);
  try {
    const { status, frames, rest } = await readHead(inbox);
    const bytes = readBody(inbox, frames, rest);
    if (status === 200) return { bytes, destroy };
    throw await toFailure(status, bytes);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** What has arrived and was not taken yet: one piece at most, because the connection is not read meanwhile. */
class Inbox {
  #socket: net.Socket | undefined;
  #piece: Buffer | undefined;
  #taken = true;
  #end: CosError | "ended" | undefined;
  #wake = () => {};

  /** Takes a piece; false pauses the connection. */
  put(chunk: Buffer): boolean {
    this.#piece = chunk;
    this.#taken = false;
    this.#wake();
    return false;
  }

  listen(socket: net.Socket): void {
    this.#socket = socket;
    socket.once("end", () => this.#finish("ended"));
    socket.once("error", (error) => this.#finish(toUnavailable(error)));
    socket.once("close", () => this.#finish(new CosError("unavailable", "The connection to the engine was closed.")));
  }

  fail(error: CosError): void {
    this.#piece = undefined;
    this.#finish(error);
  }

  /** The next piece; undefined when the engine has ended the connection. The one before is no longer valid. */
  async take(): Promise<Buffer | undefined> {
    if (this.#taken && this.#piece !== undefined) {
      this.#piece = undefined;
      this.#socket?.resume();
    }
    while (this.#piece === undefined) {
      if (this.#end === "ended") return undefined;
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#taken = true;
    return this.#piece;
  }

  #finish(end: CosError | "ended"): void {
    this.#end ??= end;
    this.#wake();
  }
}

async function readHead(inbox: Inbox): Promise<{ status: number; frames: BodyFrames; rest: Buffer }> {
  let head = Buffer.alloc(0);
  for (;;) {
    const piece = await inbox.take();
    if (piece === undefined) {
      throw new CosError("unavailable", "The engine closed the connection without an answer.", {
        hint: "Check that the engine is running: cos doctor",
      });
    }
    head = Buffer.concat([head, piece]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1 && head.byteLength > maxHeadBytes)
      throw new CosError("internal", "The engine's answer has no end of headers.");
    if (end === -1) continue;
    const [first = "", ...lines] = head.toString("latin1", 0, end).split("\r\n");
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(first)?.[1] ?? 0);
    return { status, frames: bodyFrames((name) => headers.get(name)), rest: head.subarray(end + 4) };
  }
}

async function* readBody(inbox: Inbox, frames: BodyFrames, rest: Buffer): AsyncGenerator<Buffer> {
  // `yield*` would make more promises for each.
  for (const piece of frames.push(rest)) yield piece;
  while (!frames.isOver) {
    const piece = await inbox.take();
    if (piece === undefined && frames.mayEnd) return;
    if (piece === undefined) throw new CosError("unavailable", "The engine's answer broke off.");
    for (const part of frames.push(piece)) yield part;
  }
}

async function toFailure(status: number, bytes: AsyncIterable<Buffer>): Promise<CosError> {
  if (status >= 300 && status < 400)
    return new CosError("internal", "The engine answered with a redirect, which cos does not follow.", {
      details: { status },
    });
  let text = "";
  for await (const piece of bytes) {
    text += piece.toString("utf8");
    if (text.length > maxRefusalBytes) break;
  }
  return toRefusal(status, text);
}

function cancelled(): CosError {
  return new CosError("cancelled", "The call was cancelled.");
}
