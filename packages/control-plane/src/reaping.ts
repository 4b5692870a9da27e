import type { Engine } from "@cos/core";

/** How long after connecting expired containers are looked for, so that the first call is not held up. Milliseconds. */
const delayMs = 50;

export interface ReapingParts {
  readonly connect: () => Promise<Engine>;
  /** Removes what has expired. Does not fail: what it could not do, the next time does. */
  readonly reap: (engine: Engine) => Promise<void>;
  /** How often, beside once after connecting; not unless set. */
  readonly everySeconds?: number | undefined;
}

/** Reaps beside the calls: once after connecting, and then from time to time. Keeps no process alive. */
export interface Reaping {
  /** To be called when the engine was connected to. */
  connected(engine: Engine): void;
  /** Begins nothing more by itself. */
  stop(): void;
  /** Reaps an engine that it had no time for yet, and waits for what is under way. */
  finish(engine: Engine | undefined): Promise<void>;
}

export function startReaping({ connect, reap, everySeconds }: ReapingParts): Reaping {
  let first: Promise<void> | undefined;
  let underWay: Promise<void> | undefined;
  let soon: NodeJS.Timeout | undefined;
  const reapOnce = async () => {
    try {
      await reap(await connect());
    } catch {
      // The engine does not answer; maybe it does the next time.
    }
  };
  const timer =
    everySeconds === undefined
      ? undefined
      : setInterval(() => {
          underWay ??= reapOnce().finally(() => (underWay = undefined));
        }, everySeconds * 1000).unref();
  return {
    connected(engine) {
      soon ??= setTimeout(() => (first ??= reap(engine)), delayMs);
    },
    stop() {
      clearTimeout(soon);
      clearInterval(timer);
    },
    async finish(engine) {
      await underWay;
      if (engine !== undefined) first ??= reap(engine);
      await first;
    },
  };
}
