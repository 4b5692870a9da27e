import { CosError } from "@cos/core";

/**
 * Waits for a promise, or until the signal aborts; the promise then goes on, and nobody looks at what becomes of it.
 *
 * @throws CosError `cancelled`; what the promise rejects with.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new CosError("cancelled", "The call was cancelled."));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
