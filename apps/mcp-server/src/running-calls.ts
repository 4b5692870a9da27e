/** What runs for one client: its tool calls, and the prompts and resources that it reads. */
export interface RunningCalls {
  /** Runs a call, until it ends or its request is cancelled. */
  readonly run: <T>(requested: AbortSignal, call: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** Cancels every call, also those that still come. They are answered nevertheless. */
  readonly cancel: () => void;
  /** Aborts when every call is cancelled, for what goes on between calls. */
  readonly ended: AbortSignal;
  /** Resolves when no call runs any more. */
  readonly settled: () => Promise<void>;
}

export function createRunningCalls(): RunningCalls {
  const running = new Map<Promise<unknown>, AbortController>();
  const ending = new AbortController();
  return {
    async run(requested, call) {
      const abort = new AbortController();
      // Without the client's words for why, which are no error.
      const abandon = () => abort.abort();
      if (ending.signal.aborted || requested.aborted) abandon();
      else requested.addEventListener("abort", abandon, { once: true });
      const answer = call(abort.signal).finally(() => running.delete(answer));
      running.set(answer, abort);
      return await answer;
    },
    cancel: () => {
      ending.abort();
      for (const abort of running.values()) abort.abort();
    },
    ended: ending.signal,
    settled: async () => void (await Promise.allSettled(running.keys())),
  };
}
