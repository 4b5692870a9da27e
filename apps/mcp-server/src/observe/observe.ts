import type { Outcome } from "@cos/control-plane";
import { CosError } from "@cos/core";
import type { ClientCall, ClientControlPlane } from "./client-call.ts";

/** How a call ended: with an outcome, or with a failure. */
export type Ending = { readonly durationMs: number } & (
  | { readonly outcome: Outcome; readonly error?: undefined }
  | { readonly error: CosError; readonly outcome?: undefined }
);

/** Learns of each call when it begins, and by the function that it then answers with when it ends. */
export type CallObserver = (call: ClientCall) => (ending: Ending) => void;

/** The same control plane, with observers of its calls. What fails in an observer does not concern the call. */
export function observe<Observed extends ClientControlPlane>(
  controlPlane: Observed,
  observers: readonly CallObserver[],
): Observed {
  if (observers.length === 0) return controlPlane;
  return {
    ...controlPlane,
    async perform(call: ClientCall) {
      const ends = observers.map((observer) => quietly(() => observer(call)));
      const begun = performance.now();
      const end = (ending: Ending) => {
        for (const tell of ends) quietly(() => tell?.(ending));
      };
      try {
        const outcome = await controlPlane.perform(call);
        end({ outcome, durationMs: performance.now() - begun });
        return outcome;
      } catch (error) {
        end({ error: CosError.from(error), durationMs: performance.now() - begun });
        throw error;
      }
    },
  };
}

function quietly<T>(tell: () => T): T | undefined {
  try {
    return tell();
  } catch {
    return undefined;
  }
}
