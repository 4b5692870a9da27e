import { CosError } from "@cos/core";
import type { HijackedStream } from "../transport/hijack.ts";

/**
 * Ends a terminal's attachment when it is typed; engines always have such keys, and by default they are ctrl-p and ctrl-q.
 * Nobody types this. The engine holds its first byte back until the next one comes: a NUL does nothing visible by itself
 * in the programs that know it.
 */
export const detachKeys = "ctrl-@,ctrl-^,ctrl-@,ctrl-_,ctrl-@,ctrl-],ctrl-@,ctrl-^";

/** Input on its way to a program. */
export interface InputPassage {
  /** Resolves when no more is passed on. @throws CosError what the input failed with */
  readonly over: Promise<void>;
  /** Lets go of the input, also of a value that is awaited. */
  stop(): void;
}

/**
 * Passes input on, as fast as it is taken, until it ends, nobody takes it any more, or it is stopped.
 *
 * @param endInput called at the end of the input.
 */
export function passInput(
  input: AsyncIterable<Uint8Array>,
  stream: Pick<HijackedStream, "write">,
  endInput: () => void,
): InputPassage {
  let stopped = false;
  let wake = () => {};
  // Racing every value with one promise for the end would keep them all until then.
  const nextOf = (iterator: AsyncIterator<Uint8Array>) =>
    new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
      wake = () => resolve(undefined);
      if (stopped) wake();
      iterator.next().then(resolve, reject);
    });

  const pass = async () => {
    const iterator = input[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await nextOf(iterator);
        if (next === undefined) return;
        if (next.done === true) return endInput();
        const taken = await stream.write(next.value).then(
          () => true,
          () => false,
        );
        // A program that ends without reading its input is no failure.
        if (!taken) return;
      }
    } finally {
      // Not awaited: a generator answers only once the value that it waits for has come.
      iterator.return?.().catch(() => undefined);
    }
  };
  return {
    over: pass().catch((error: unknown) => {
      throw CosError.from(error);
    }),
    stop() {
      stopped = true;
      wake();
    },
  };
}
