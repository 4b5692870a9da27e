import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import {
  type CallOptions,
  type ContainerEvent,
  CosError,
  type EngineEvent,
  EventQueue,
  fromLabels,
  type Signer,
} from "@cos/core";
import type { EventBody } from "./api.ts";
import type { EngineClient } from "./transport/engine-client.ts";
import { readJsonLines } from "./transport/json-lines.ts";

/** Before an engine whose stream broke is asked anew, in milliseconds: at first, and at most. */
const retryMs = { first: 250, most: 5_000 } as const;

/** The engine's words for what is told; those of Podman, too, where it takes or says others. */
const kinds: Readonly<Record<string, ContainerEvent["kind"]>> = {
  create: "created",
  start: "started",
  pause: "paused",
  unpause: "resumed",
  die: "ended",
  died: "ended",
  health_status: "health",
  rename: "renamed",
  destroy: "removed",
  remove: "removed",
};

/**
 * What happens to containers, for whoever listens. All share one stream, which is open while somebody listens. Jobs have
 * a stream of their own (`ContainerEvents`), which carries much less.
 */
export class EventFeed {
  readonly #client: EngineClient;
  readonly #signer: Signer;
  readonly #listeners = new Set<EventQueue>();
  readonly #closing = new AbortController();
  #stream: Promise<IncomingMessage> | undefined;
  #isOpen = false;

  constructor(client: EngineClient, signer: Signer) {
    this.#client = client;
    this.#signer = signer;
  }

  /** As `Engine.events`. */
  async *listen(options: CallOptions = {}): AsyncGenerator<EngineEvent> {
    const queue = new EventQueue();
    this.#listeners.add(queue);
    this.#join(queue).catch((error: unknown) => queue.fail(CosError.from(error)));
    try {
      yield* queue.listen(options);
    } finally {
      this.#listeners.delete(queue);
      if (this.#listeners.size === 0) this.#drop();
    }
  }

  close(): void {
    this.#closing.abort();
    for (const queue of this.#listeners) queue.fail(closed());
    this.#drop();
  }

  /** Has the listener told of everything from then on. @throws CosError when the stream cannot be opened */
  async #join(queue: EventQueue): Promise<void> {
    if (this.#isOpen) queue.push({ kind: "resync" });
    else await (this.#stream ?? this.#open());
  }

  #open(): Promise<IncomingMessage> {
    const filters = JSON.stringify({ type: ["container"], event: Object.keys(kinds) });
    const opening = this.#client.stream("GET", ["events"], { query: { filters }, signal: this.#closing.signal });
    const stream = opening.then(
      (response) => {
        // Everybody may have stopped listening meanwhile.
        if (this.#stream !== stream) return response.destroy();
        this.#isOpen = true;
        for (const queue of this.#listeners) queue.push({ kind: "resync" });
        void this.#read(response, () => this.#stream === stream);
        return response;
      },
      (error: unknown) => {
        if (this.#stream === stream) this.#stream = undefined;
        throw error;
      },
    );
    this.#stream = stream;
    return stream;
  }

  async #read(response: IncomingMessage, isCurrent: () => boolean): Promise<void> {
    try {
      for await (const body of readJsonLines(response as AsyncIterable<Buffer>)) this.#take(body as EventBody);
    } catch {
      // A broken stream ends like a closed one.
    }
    if (isCurrent()) await this.#openAgain();
  }

  /** Opens the stream anew after it broke, for as long as it takes and somebody listens. */
  async #openAgain(): Promise<void> {
    this.#forget();
    for (let waitMs: number = retryMs.first; this.#listeners.size > 0; waitMs = Math.min(2 * waitMs, retryMs.most)) {
      try {
        await delay(waitMs, undefined, { signal: this.#closing.signal });
        // Somebody who began to listen meanwhile may have been faster.
        if (this.#listeners.size > 0) await (this.#stream ?? this.#open());
        return;
      } catch {
        if (this.#closing.signal.aborted) return;
      }
    }
  }

  #drop(): void {
    this.#stream?.then(
      (response) => response.destroy(),
      () => undefined,
    );
    this.#forget();
  }

  #forget(): void {
    this.#stream = undefined;
    this.#isOpen = false;
  }

  #take({ Action = "", Actor }: EventBody): void {
    // `health_status: healthy`
    const kind = kinds[Action.split(":", 1)[0] ?? ""];
    const { ID: id = "", Attributes: attributes = {} } = Actor ?? {};
    if (kind === undefined || !/^[0-9a-f]{64}$/.test(id)) return;
    const name = attributes["name"] ?? "";
    const ownership = fromLabels("container", name, attributes, this.#signer);
    const previousName = attributes["oldName"]?.replace(/^\//, "");
    const event = { kind, id, name, ownership };
    const whole = kind === "renamed" && previousName !== undefined ? { ...event, previousName } : event;
    for (const queue of this.#listeners) queue.push(whole);
  }
}

function closed(): CosError {
  return new CosError("unavailable", "The connection to the engine was closed.");
}
