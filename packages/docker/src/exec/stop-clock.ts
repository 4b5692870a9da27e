import { callAfter } from "../job/stopping.ts";

/** Why a command is to be killed. */
export type StopReason = "timeout" | "cancel";

/** Waits for whatever comes first, the end of a command's time or the caller's signal. */
export interface StopClock {
  readonly reason: Promise<StopReason>;
  /** Aborts when there is a reason. */
  readonly signal: AbortSignal;
  stop(): void;
}

export function startStopClock(timeoutSeconds: number | undefined, signal: AbortSignal | undefined): StopClock {
  const over = new AbortController();
  let settle: (reason: StopReason) => void = () => {};
  const reason = new Promise<StopReason>((resolve) => (settle = resolve));
  const resolve = (why: StopReason) => {
    settle(why);
    over.abort();
  };
  const callOff = timeoutSeconds === undefined ? undefined : callAfter(timeoutSeconds * 1000, () => resolve("timeout"));
  const onAbort = () => resolve("cancel");
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return {
    reason,
    signal: over.signal,
    stop() {
      callOff?.();
      signal?.removeEventListener("abort", onAbort);
    },
  };
}
