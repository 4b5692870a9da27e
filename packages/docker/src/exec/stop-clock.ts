import { callAfter } from "../job/stopping.ts";

/** Why a command is to be killed. */
export type StopReason = "timeout" | "cancel";

/** Waits for whatever comes first, the end of a command's time or the caller's signal. */
export interface StopClock {
  readonly reason: Promise<StopReason>;
  stop(): void;
}

export function startStopClock(timeoutSeconds: number | undefined, signal: AbortSignal | undefined): StopClock {
  let resolve: (reason: StopReason) => void = () => {};
  const reason = new Promise<StopReason>((settle) => (resolve = settle));
  const callOff = timeoutSeconds === undefined ? undefined : callAfter(timeoutSeconds * 1000, () => resolve("timeout"));
  const onAbort = () => resolve("cancel");
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return {
    reason,
    stop() {
      callOff?.();
      signal?.removeEventListener("abort", onAbort);
    },
  };
}
