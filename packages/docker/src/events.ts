import type { IncomingMessage } from "node:http";
import { managedLabel } from "@cos/core";
import type { EventBody } from "./api.ts";
import type { EngineClient } from "./transport/engine-client.ts";
import { readJsonLines } from "./transport/json-lines.ts";

/** How a container ended, as its events tell. */
export interface Death {
  readonly exitCode: number;
  /** Whether the kernel killed a process in it for want of memory. */
  readonly oomKilled: boolean;
}

export interface DeathWatch {
  /** Resolves when the container ends, or with undefined when the events were lost. */
  readonly death: Promise<Death | undefined>;
  /** Whether the kernel has killed a process in it so far for want of memory. */
  sawOom(): boolean;
  stop(): void;
}

interface Watcher {
  oomKilled: boolean;
  readonly resolve: (death: Death | undefined) => void;
}

/**
 * One stream of engine events, shared by all jobs of a connection. It is opened when first needed, and again after it
 * broke; whoever watched meanwhile is told.
 */
export class ContainerEvents {
  readonly #client: EngineClient;
  readonly #watchers = new Map<string, Watcher>();
  #stream: Promise<IncomingMessage> | undefined;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  /** Resolves when events that happen from now on will be seen. */
  async open(): Promise<void> {
    this.#stream ??= this.#connect();
    await this.#stream;
  }

  /** Watches a container that has not ended yet. Call {@link open} first. */
  watch(id: string): DeathWatch {
    let resolve: Watcher["resolve"] = () => {};
    const death = new Promise<Death | undefined>((settle) => {
      resolve = settle;
    });
    const watcher: Watcher = { oomKilled: false, resolve };
    this.#watchers.set(id, watcher);
    if (this.#stream === undefined) resolve(undefined);
    return { death, sawOom: () => watcher.oomKilled, stop: () => void this.#watchers.delete(id) };
  }

  close(): void {
    this.#stream?.then(
      (response) => response.destroy(),
      () => undefined,
    );
    this.#lost();
  }

  async #connect(): Promise<IncomingMessage> {
    const filters = JSON.stringify({
      type: ["container"],
      event: ["die", "oom"],
      label: [`${managedLabel.name}=${managedLabel.value}`],
    });
    try {
      const response = await this.#client.stream("GET", ["events"], { query: { filters } });
      void this.#read(response);
      return response;
    } catch (error) {
      this.#stream = undefined;
      throw error;
    }
  }

  async #read(response: IncomingMessage): Promise<void> {
    try {
      for await (const event of readJsonLines(response as AsyncIterable<Buffer>)) this.#take(event as EventBody);
    } catch {
      // A broken stream ends like a closed one: the watchers follow up by inspecting.
    }
    this.#lost();
  }

  #take({ Action, Actor }: EventBody): void {
    const watcher = this.#watchers.get(Actor?.ID ?? "");
    if (watcher === undefined) return;
    if (Action === "oom") watcher.oomKilled = true;
    const exitCode = Number(Actor?.Attributes?.["exitCode"]);
    if (Action === "die" && Number.isInteger(exitCode)) watcher.resolve({ exitCode, oomKilled: watcher.oomKilled });
  }

  #lost(): void {
    this.#stream = undefined;
    for (const { resolve } of this.#watchers.values()) resolve(undefined);
    this.#watchers.clear();
  }
}
