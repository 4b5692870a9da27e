import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  ErrorCode,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type RequestId,
} from "@modelcontextprotocol/sdk/types.js";

/**
 * Most bytes of answers that may wait for the client before nothing more is read from it: more than what all the requests
 * are answered with that a client writes before it reads, so that neither waits for the other.
 */
const mostUnreadBytes = 64 * 1024 * 1024;
/** How long the last answers may wait for a client that reads nothing, in milliseconds. */
const stalledMs = 1000;
const lineEnd = 0x0a;

/** Connects the server of one client with two streams, on which every line is a message. */
export class StdioTransport implements Transport {
  onmessage?: (message: JSONRPCMessage) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #maxMessageBytes: number;
  /** What has come of a line that has not ended. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  /** Lines for a client that has not read the ones before. */
  readonly #waiting: string[] = [];
  #waitingLength = 0;
  #closed = false;

  /** @param maxMessageBytes most bytes of a message; one more ends the session. */
  constructor(input: Readable, output: Writable, maxMessageBytes: number) {
    this.#input = input;
    this.#output = output;
    this.#maxMessageBytes = maxMessageBytes;
  }

  async start(): Promise<void> {
    this.#output.on("drain", this.#drain);
    this.#input.on("data", this.#take).on("error", this.#fail);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const line = `${JSON.stringify(message)}\n`;
    if (this.#waiting.length === 0 && !this.#output.writableNeedDrain) return void this.#output.write(line);
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (this.#waitingLength > mostUnreadBytes) this.#input.pause();
  }

  /** Reads no more, and waits for the client to read what it has been answered, as long as it goes on reading. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#input.off("data", this.#take).off("error", this.#fail).pause();
    this.#begun = [];
    while (this.#waiting.length > 0 && !this.#output.errored) {
      const before = this.#waiting.length;
      await Promise.race([once(this.#output, "drain").catch(() => undefined), delay(stalledMs)]);
      if (this.#waiting.length === before) break;
    }
    this.#output.off("drain", this.#drain);
    this.onclose?.();
  }

  readonly #fail = (error: Error): void => this.onerror?.(error);

  readonly #drain = (): void => {
    let sent = 0;
    while (sent < this.#waiting.length && !this.#output.writableNeedDrain) {
      const line = this.#waiting[sent++] ?? "";
      this.#waitingLength -= line.length;
      this.#output.write(line);
    }
    this.#waiting.splice(0, sent);
    if (!this.#closed && this.#input.isPaused() && this.#waitingLength <= mostUnreadBytes) this.#input.resume();
  };

  readonly #take = (chunk: Buffer): void => {
    let rest = chunk;
    for (let end = rest.indexOf(lineEnd); end !== -1; end = rest.indexOf(lineEnd)) {
      this.#begun.push(rest.subarray(0, end));
      const line = Buffer.concat(this.#begun);
      this.#begun = [];
      this.#begunBytes = 0;
      rest = rest.subarray(end + 1);
      this.#read(line.toString("utf8"));
    }
    this.#begun.push(rest);
    this.#begunBytes += rest.length;
    if (this.#begunBytes <= this.#maxMessageBytes) return;
    this.#fail(new Error(`A message is longer than ${this.#maxMessageBytes} bytes.`));
    void this.close();
  };

  #read(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return this.#fail(new Error(noMessage));
    }
    const parsed = JSONRPCMessageSchema.safeParse(value);
    if (parsed.success) return this.onmessage?.(parsed.data);
    this.#fail(new Error(noMessage));
    const id = idOf(value);
    if (id === undefined) return;
    const error = { code: ErrorCode.InvalidRequest, message: "The request is none of JSON-RPC as MCP has it." };
    void this.send({ jsonrpc: "2.0", id, error });
  }
}

const noMessage = "A line that is no message of MCP was ignored.";

/** The id by which whoever sent a wrong request knows the answer. */
function idOf(value: unknown): RequestId | undefined {
  const { id, method } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (method === undefined) return undefined;
  return typeof id === "string" || Number.isSafeInteger(id) ? (id as RequestId) : undefined;
}
