import { CosError } from "@cos/core";

/**
 * Lets a fixed number of containers start at a time, first come first served. Starting is bound by the engine's CPU,
 * so more at once make every one slower.
 */
export class StartQueue {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param places how many may start at once. */
  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Resolves when it is the caller's turn, with the function that gives the place back.
   *
   * @throws CosError `cancelled` when `signal` fires first.
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted === true) throw new CosError("cancelled", "The job was cancelled before it started.");
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(proceed), 1);
        reject(new CosError("cancelled", "The job was cancelled before it started."));
      };
      const proceed = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(proceed);
    });
  }
}
