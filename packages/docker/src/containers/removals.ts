import { setTimeout as delay } from "node:timers/promises";
import { CosError, type RemoveOptions } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { assertFullId } from "./inspect.ts";

/** Waits between attempts while the engine does not answer, in milliseconds: about the time an engine takes to restart. */
const retryDelaysMs = [200, 1000, 3000, 10_000];

/** When a container that the engine may still be making is looked for, in milliseconds after the last time. */
const lostDelaysMs = [0, 100, 400, 1500];

/**
 * Removes a container with its anonymous volumes, and kills it before unless `force` is false. Succeeds when it is
 * already gone or going.
 *
 * @throws CosError `conflict` when it runs and is not to be killed; `invalid_argument`, `unavailable`, `internal`
 */
export async function removeContainer(
  client: EngineClient,
  id: string,
  { force = true, signal, onSent }: RemoveOptions & { readonly onSent?: () => void } = {},
): Promise<void> {
  assertFullId(id);
  try {
    await client.call("DELETE", ["containers", id], { query: { force, v: true }, signal, onSent });
  } catch (error) {
    const status = refusalStatus(error);
    if (status === 404) return;
    if (status !== 409 || !CosError.is(error)) throw error;
    if (/in progress/.test(error.message)) return;
    if (force) throw error;
    throw new CosError("conflict", "The container has not ended.", {
      hint: "Stop it first, or remove it with force, which kills it.",
      details: { ...error.details, engineSays: error.message },
      cause: error,
    });
  }
}

/** Removes containers off the caller's time, and knows which removals are still under way. */
export class Removals {
  readonly #client: EngineClient;
  readonly #pending = new Set<Promise<void>>();
  readonly #unsent = new Set<Promise<void>>();
  /** Once everything is handed over the connection closes, which is no reason to try again. */
  #isHandedOver = false;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  /** Starts a removal. What cannot be removed is left to the reaper, which finds it by its labels. */
  start(id: string): void {
    this.#track((onSent) => this.#remove(id, onSent));
  }

  /** Looks for a container that a broken create may have made or be making, and removes it. */
  startLost(find: () => Promise<string | undefined>): void {
    this.#track(async (onSent) => {
      for (const waitMs of lostDelaysMs) {
        await delay(waitMs);
        const id = await find().catch(() => undefined);
        if (id !== undefined) return await this.#remove(id, onSent);
      }
    });
  }

  #track(remove: (onSent: () => void) => Promise<void>): void {
    let onSent = () => {};
    const sent = new Promise<void>((resolve) => {
      onSent = resolve;
    });
    this.#unsent.add(sent);
    const removal = remove(onSent).finally(() => {
      onSent();
      this.#unsent.delete(sent);
      this.#pending.delete(removal);
    });
    this.#pending.add(removal);
  }

  /** Resolves when the engine has been told of every removal, whether or not it has answered. */
  async handedOver(): Promise<void> {
    await Promise.all(this.#unsent);
    this.#isHandedOver = true;
  }

  /** Resolves when nothing is being removed any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  async #remove(id: string, onSent: () => void): Promise<void> {
    for (const waitMs of [...retryDelaysMs, undefined]) {
      try {
        return await removeContainer(this.#client, id, { onSent });
      } catch (error) {
        if (this.#isHandedOver || waitMs === undefined || !CosError.is(error) || refusalStatus(error) === 400) return;
        await delay(waitMs);
      }
    }
  }
}
