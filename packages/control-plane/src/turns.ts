import { CosError } from "@cos/core";

/** Lets one at a time through for each key, in the order they came. */
export interface Turns {
  /**
   * Waits for the key's turn.
   *
   * @returns what ends the turn.
   * @throws CosError `cancelled` when the signal aborts before it comes.
   */
  take(key: string, signal: AbortSignal): Promise<() => void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    async take(key, signal) {
      const before = last.get(key);
      let end = () => {};
      const mine = new Promise<void>((resolve) => (end = resolve));
      const after = (before ?? Promise.resolve()).then(() => mine);
      last.set(key, after);
      void after.then(() => last.get(key) === after && last.delete(key));
      if (before !== undefined && !(await isFirst(before, signal))) {
        end();
        throw new CosError("cancelled", "The call was cancelled while it waited for another one on the same target.");
      }
      return end;
    },
  };
}

/** Whether the promise settled before the signal aborted. */
async function isFirst(promise: Promise<void>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  let onAbort = () => {};
  const aborted = new Promise<boolean>((resolve) => {
    onAbort = () => resolve(false);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise.then(() => true), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
