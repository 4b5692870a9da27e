import { abortable } from "./abortable.ts";

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
      try {
        if (before !== undefined) await abortable(before, signal);
        return end;
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}
