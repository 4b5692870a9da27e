import type { CallOptions } from "./call-options.ts";
import { CosError } from "./errors.ts";
import type { Ownership } from "./labels.ts";

/** Something that happened to a container. Of how it is now, only looking at it tells. */
export interface ContainerEvent {
  /** `health`: its health check came to another verdict. */
  readonly kind: "created" | "started" | "paused" | "resumed" | "ended" | "health" | "renamed" | "removed";
  /** The engine's full id. */
  readonly id: string;
  /** Its whole name on the engine; for `renamed` the new one. */
  readonly name: string;
  /** The name that it had before, for `renamed`, where the engine says it. */
  readonly previousName?: string | undefined;
  readonly ownership: Ownership;
}

/**
 * What an engine tells. `resync` comes first, when everything from then on will be told, and again whenever something was
 * missed, because the connection broke or the listener was too slow: look again at whatever matters.
 */
export type EngineEvent = ContainerEvent | { readonly kind: "resync" };

/** Most events that wait for a listener. */
const maxWaiting = 1000;

const resync: EngineEvent = { kind: "resync" };

/** The way of events from an engine to one listener, who may be slow: if too many wait, `resync` takes their place. */
export class EventQueue {
  #waiting: EngineEvent[] = [];
  #failure: CosError | undefined;
  #wake = () => {};

  push(event: EngineEvent): void {
    // Who is about to look at everything needs to be told nothing that came before.
    if (event.kind === "resync" || this.#waiting.length >= maxWaiting) this.#waiting = [resync];
    else this.#waiting.push(event);
    this.#wake();
  }

  /** Ends the listening, when what waits has been taken. */
  fail(error: CosError): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** What is pushed, until it fails or the signal aborts. For one listener. @throws CosError that of `fail`; `cancelled` */
  async *listen({ signal }: CallOptions = {}): AsyncGenerator<EngineEvent> {
    const onAbort = () => this.#wake();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        if (signal?.aborted === true) throw new CosError("cancelled", "The call was cancelled.");
        const event = this.#waiting.shift();
        if (event !== undefined) yield event;
        else if (this.#failure !== undefined) throw this.#failure;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
