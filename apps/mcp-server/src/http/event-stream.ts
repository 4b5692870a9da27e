import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { EventLog } from "./event-log.ts";

/** How long an answer may take that is sent as a whole, in milliseconds. A stream is begun for one that takes longer. */
const quickMs = 50;

export interface EventStreamOptions {
  /** What tells it from the other streams of its session. */
  readonly key: number;
  readonly log: EventLog;
  readonly headers: OutgoingHttpHeaders;
  /** Whether its client understands an event without data, from which it can come back before anything was sent. */
  readonly primes: boolean;
  /** Called before something is written, to look at what the client has not read yet. */
  readonly onWrite: () => void;
}

/** A stream of events to a client. It outlives its connection: another one can go on with it. */
export class EventStream {
  readonly #options: EventStreamOptions;
  #response: ServerResponse | undefined;
  /** Until then the answer may still be sent as a whole. */
  #quick: NodeJS.Timeout | undefined;

  readonly key: number;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.key = options.key;
  }

  /** Answers a request with this stream, with its first event or in a moment. A connection that it had is closed. */
  begin(response: ServerResponse): void {
    this.#take(response);
    this.#quick = setTimeout(() => this.#open(), quickMs);
  }

  /** Answers a request with this stream at once. A connection that it had is closed. */
  resume(response: ServerResponse, missed: readonly string[] = []): void {
    this.#take(response);
    this.#open(missed.length > 0);
    for (const text of missed) this.#write(text);
  }

  /** Sends a message, now or when its client comes back. */
  send(data: string): void {
    this.#open();
    this.#write(this.#options.log.add(this.#options.key, data));
  }

  /** Ends the stream, after a last message. */
  end(data?: string): void {
    const { log, key, headers } = this.#options;
    if (this.#quick === undefined) {
      if (data !== undefined) this.send(data);
    } else {
      clearTimeout(this.#quick);
      this.#quick = undefined;
      const text = data === undefined ? "" : `data: ${data}\n\n`;
      this.#response?.writeHead(200, { ...headers, "content-length": Buffer.byteLength(text) });
      this.#options.onWrite();
      this.#response?.end(text);
      this.#response = undefined;
    }
    log.finish(key);
    this.hangUp();
  }

  /** Closes the connection. The client may come back. */
  hangUp(): void {
    this.#open();
    this.#response?.end();
    this.#response = undefined;
  }

  /** Shows that the connection is alive, to it and to what stands in between. */
  keepAlive(): void {
    if (this.#quick === undefined && this.#response?.writableLength === 0) this.#response.write(": alive\n\n");
  }

  #take(response: ServerResponse): void {
    this.hangUp();
    this.#response = response;
    response.once("close", () => {
      if (this.#response !== response) return;
      clearTimeout(this.#quick);
      this.#quick = undefined;
      this.#response = undefined;
    });
  }

  #open(isKnown = false): void {
    clearTimeout(this.#quick);
    this.#quick = undefined;
    const { headers, primes, log, key } = this.#options;
    if (this.#response === undefined || this.#response.headersSent) return;
    this.#response.writeHead(200, headers);
    if (primes && !isKnown) this.#write(log.add(key, "", retryMs));
    else this.#response.flushHeaders();
  }

  #write(text: string): void {
    if (this.#response === undefined) return;
    this.#options.onWrite();
    this.#response.write(text);
  }
}

/** How long a client waits before it comes back, in milliseconds. */
const retryMs = 1000;
