import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Transport, TransportSendOptions } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage, MessageExtraInfo, RequestId } from "@modelcontextprotocol/sdk/types.js";
import { createEventLog } from "./event-log.ts";
import { EventStream } from "./event-stream.ts";
import type { Refusal } from "./refuse.ts";

/** The first version of the protocol whose clients understand events without data. */
const primingVersion = "2025-11-25";
/**
 * Most bytes that may wait for a client to read them when there is more for it, on one of its connections and on all. Who
 * reads slower is cut off, and may come back for the rest. A message of any length may wait alone.
 */
const maxUnread = { connectionBytes: 4 * 1024 * 1024, sessionBytes: 32 * 1024 * 1024 } as const;
/** JSON-RPC's code for a request that its client has taken back, as language servers use it. */
const cancelledCode = -32_800;
/** The stream of what answers no request. */
const standingKey = 0;

/** A request, and the stream that it is answered on. */
interface Pending {
  readonly stream: EventStream;
  /** The requests that came in the same body, this one too, which are not yet answered. */
  readonly together: Set<RequestId>;
}

/** Connects the server of one session with the HTTP requests of its client, as the SDK wants it. */
export class SessionTransport implements Transport {
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly sessionId: string;
  /** Whether the client understands an event without data, from which it can come back before anything was sent. */
  readonly #primes: boolean;
  readonly #log = createEventLog();
  readonly #streams = new Map<number, EventStream>();
  readonly #pending = new Map<RequestId, Pending>();
  readonly #connections = new Set<ServerResponse>();
  readonly #headers;
  #lastKey = standingKey;
  #quietSince = performance.now();

  /** @param version of the protocol, as it was agreed on with the client. */
  constructor(sessionId: string, version: string) {
    this.sessionId = sessionId;
    this.#primes = version >= primingVersion;
    this.#headers = {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "mcp-session-id": sessionId,
    };
  }

  /** How many requests wait for their answer. */
  get running(): number {
    return this.#pending.size;
  }

  /** For how long the client has had no connection, in milliseconds. */
  get quietMs(): number {
    return this.#connections.size > 0 ? 0 : performance.now() - this.#quietSince;
  }

  async start(): Promise<void> {}

  /** Takes the messages of one body. What they are answered is sent as the response. */
  receive(messages: readonly JSONRPCMessage[], response: ServerResponse): Refusal | undefined {
    const requests = messages.flatMap((message) => ("method" in message && "id" in message ? [message.id] : []));
    if (new Set(requests).size < requests.length || requests.some((id) => this.#pending.has(id)))
      return { why: "body", status: 400, code: -32_600, message: "The id of a request is already in use." };
    this.#watch(response);
    let extra: MessageExtraInfo | undefined;
    if (requests.length > 0) {
      const stream = this.#openStream(++this.#lastKey);
      const together = new Set(requests);
      for (const id of requests) this.#pending.set(id, { stream, together });
      stream.begin(response);
      extra = {
        requestInfo: { headers: traceOf(response.req.headers) },
        ...(this.#primes && {
          closeSSEStream: () => stream.hangUp(),
          closeStandaloneSSEStream: () => this.#streams.get(standingKey)?.hangUp(),
        }),
      };
    }
    for (const message of messages) {
      this.onmessage?.(message, extra);
      if ("method" in message && message.method === "notifications/cancelled")
        this.#settle(message.params?.["requestId"]);
    }
    if (requests.length === 0) response.writeHead(202, { "content-length": 0 }).end();
    return undefined;
  }

  /** Sends as the response what answers no request, or goes on with the stream of an event that the client got last. */
  listen(response: ServerResponse, lastEventId?: string): Refusal | undefined {
    if (lastEventId === undefined) {
      this.#watch(response);
      (this.#streams.get(standingKey) ?? this.#openStream(standingKey)).resume(response);
      return undefined;
    }
    const found = this.#log.after(lastEventId);
    if (found === undefined)
      return { why: "session", status: 400, message: "Nothing is known of that event any more." };
    this.#watch(response);
    const missed = found.events.map(({ text }) => text);
    const running = this.#streams.get(found.stream);
    // A stream that is over has only the rest of its events.
    const stream = running ?? this.#openStream(found.stream);
    stream.resume(response, missed);
    if (running === undefined) this.#endStream(found.stream);
    return undefined;
  }

  async send(message: JSONRPCMessage, { relatedRequestId }: TransportSendOptions = {}): Promise<void> {
    const data = JSON.stringify(message);
    if ("result" in message || "error" in message) {
      if (message.id !== undefined) this.#answer(message.id, data);
      return;
    }
    if (relatedRequestId === undefined) {
      (this.#streams.get(standingKey) ?? this.#openStream(standingKey)).send(data);
      return;
    }
    const pending = this.#pending.get(relatedRequestId);
    if (pending === undefined) throw new Error("The request that this belongs to has been answered.");
    pending.stream.send(data);
  }

  /** Shows every connection that it is alive. */
  keepAlive(): void {
    for (const stream of this.#streams.values()) stream.keepAlive();
  }

  async close(): Promise<void> {
    this.#pending.clear();
    for (const key of this.#streams.keys()) this.#endStream(key);
    this.onclose?.();
  }

  #watch(response: ServerResponse): void {
    this.#connections.add(response);
    response.once("close", () => {
      this.#connections.delete(response);
      this.#quietSince = performance.now();
    });
  }

  /** Cuts a client off that does not read, on whichever of its connections. */
  readonly #cutOff = (): void => {
    let all = 0;
    const unread = new Map<Socket, number>();
    for (const { writableLength, req } of this.#connections) {
      all += writableLength;
      unread.set(req.socket, (unread.get(req.socket) ?? 0) + writableLength);
    }
    for (const [socket, bytes] of unread)
      if (bytes > maxUnread.connectionBytes || all > maxUnread.sessionBytes) socket.destroy();
  };

  #openStream(key: number): EventStream {
    const stream = new EventStream({
      key,
      log: this.#log,
      headers: this.#headers,
      primes: this.#primes,
      onWrite: this.#cutOff,
    });
    this.#streams.set(key, stream);
    return stream;
  }

  #endStream(key: number, data?: string): void {
    this.#streams.get(key)?.end(data);
    this.#streams.delete(key);
  }

  #answer(id: RequestId, data: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const { stream, together } = pending;
    this.#pending.delete(id);
    together.delete(id);
    if (together.size > 0) stream.send(data);
    else this.#endStream(stream.key, data);
  }

  /** The SDK does not answer what was cancelled, and its connection would stay open for nothing. */
  #settle(id: unknown): void {
    if (typeof id !== "string" && typeof id !== "number") return;
    setImmediate(() => {
      const error = { code: cancelledCode, message: "The request was cancelled." };
      this.#answer(id, JSON.stringify({ jsonrpc: "2.0", id, error }));
    });
  }
}

/** The headers that say which trace a request is part of. Nobody is to see the others, one of which lets the client in. */
function traceOf({ traceparent, tracestate }: IncomingHttpHeaders) {
  return { traceparent: traceparent, tracestate: tracestate };
}
