import { setTimeout as delay } from "node:timers/promises";
import type { Interaction } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";

/** How long to wait before an engine is told again that does not take a size yet, in milliseconds. */
const retryMs = 10;
/** The most that an engine takes. */
const maxSize = 65_535;

/** Keeps a program's terminal as large as the one that somebody sits at. */
export interface SizeFollower {
  /** Tells the engine, from when the program is being started. */
  begin(): void;
  /** Resolves when the program's terminal has its first size, or gets none. */
  readonly first: Promise<void>;
  stop(): void;
}

/**
 * Prepares to tell the engine of every size.
 *
 * @param object the path of what runs, e.g. `["containers", id]`.
 */
export function followSize(
  client: EngineClient,
  object: readonly string[],
  terminal: NonNullable<Interaction["terminal"]>,
): SizeFollower {
  const stopped = new AbortController();
  let settleFirst = () => {};
  const first = new Promise<void>((resolve) => (settleFirst = resolve));
  let [telling, outdated, taken] = [false, false, false];

  const tell = async () => {
    outdated = true;
    if (telling) return;
    telling = true;
    while (outdated && !stopped.signal.aborted) {
      outdated = false;
      const { columns: w, rows: h } = terminal.size();
      if (![w, h].every((length) => Number.isInteger(length) && length > 0 && length <= maxSize)) break;
      try {
        await client.call("POST", [...object, "resize"], {
          query: { h, w },
          signal: stopped.signal,
          deadlineMs: 10_000,
        });
        taken = true;
      } catch (error) {
        // What does not run yet has no terminal to resize. A size that is not taken later is no reason to end it.
        if (taken || refusalStatus(error) === undefined) break;
        outdated = true;
        await delay(retryMs);
      }
    }
    telling = false;
    settleFirst();
  };
  let unsubscribe = () => {};
  return {
    first,
    begin() {
      unsubscribe = terminal.onResize(() => void tell());
      void tell();
    },
    stop() {
      unsubscribe();
      stopped.abort();
      settleFirst();
    },
  };
}
