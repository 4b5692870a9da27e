import { setTimeout as delay } from "node:timers/promises";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";

const retryMs = 1_000;
/** Node's timers hold at most this many milliseconds, a little less than the longest timeout of a job. */
const longestTimerMs = 2 ** 31 - 1;

/** The watch over a running job that ends it early. */
export interface Stopping {
  /** Why the job was killed, if it was. */
  reason(): "timeout" | "cancel" | undefined;
  /** Resolves when the engine answers a kill by saying that the container does not run. */
  readonly notRunning: Promise<void>;
  /** The job has ended: nothing is to be killed any more. */
  done(): void;
}

/**
 * Kills a running container by whatever comes first, its timeout or the caller's signal. While the engine does not
 * do it, it keeps asking, unless the container has ended or is gone already.
 */
export function stopWhenDue(
  client: EngineClient,
  id: string,
  timeoutSeconds: number | undefined,
  signal: AbortSignal | undefined,
): Stopping {
  let reason: "timeout" | "cancel" | undefined;
  let ended = false;
  let sayNotRunning = () => {};
  const notRunning = new Promise<void>((resolve) => (sayNotRunning = resolve));
  const stop = (why: "timeout" | "cancel") => {
    if (reason !== undefined || ended) return;
    reason = why;
    void killUntilEnded(client, id, () => ended).then((killed) => {
      if (!killed) sayNotRunning();
    });
  };
  const onAbort = () => stop("cancel");
  const clearTimer = timeoutSeconds === undefined ? undefined : callAfter(timeoutSeconds * 1000, () => stop("timeout"));
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return {
    reason: () => reason,
    notRunning,
    done() {
      ended = true;
      clearTimer?.();
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/**
 * Kills a container. While the engine does not do it, it keeps asking, unless the container has ended or is gone.
 *
 * @returns false when the engine says that there was nothing to kill.
 */
export async function killUntilEnded(client: EngineClient, id: string, isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    try {
      await client.call("POST", ["containers", id, "kill"], { deadlineMs: 10_000 });
      return true;
    } catch (error) {
      const status = refusalStatus(error);
      if (status === 404 || status === 409) return false;
      await delay(retryMs);
    }
  }
  return true;
}

/**
 * Calls back after any time, also one that is longer than Node's timers hold.
 *
 * @returns what prevents it.
 */
export function callAfter(ms: number, callback: () => void, { keepsAlive = true } = {}): () => void {
  let restMs = ms;
  let timer: NodeJS.Timeout;
  const wait = () => {
    const step = Math.min(restMs, longestTimerMs);
    restMs -= step;
    timer = setTimeout(() => (restMs <= 0 ? callback() : wait()), step);
    if (!keepsAlive) timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}
