import { CosError, type Interaction, type WorkloadSpec } from "@cos/core";
import type { HijackedStream } from "../transport/hijack.ts";

/**
 * Ends a terminal's attachment when it is typed; engines always have such keys, and by default they are ctrl-p and ctrl-q.
 * Nobody types this. The engine holds its first byte back until the next one comes: a NUL does nothing visible by itself
 * in the programs that know it.
 */
export const detachKeys = "ctrl-@,ctrl-^,ctrl-@,ctrl-_,ctrl-@,ctrl-],ctrl-@,ctrl-^";

/** Who gives a program its input: somebody, or the text that stands in its spec. */
export function toInteraction(
  { stdin, stdinEncoding }: Pick<WorkloadSpec, "stdin" | "stdinEncoding">,
  interaction: Interaction | undefined,
): Interaction | undefined {
  if (interaction !== undefined || stdin === undefined) return interaction;
  return { input: once(Buffer.from(stdin, stdinEncoding)) };
}

async function* once(value: Buffer): AsyncGenerator<Buffer> {
  yield value;
}

/** Input on its way to a program. */
export interface InputPassage {
  /**
   * Passes it on, as fast as it is taken, until it ends, nobody takes it any more, or it is stopped.
   *
   * @param endInput called at the end of the input.
   * @throws CosError what the input failed with
   */
  pass(stream: Pick<HijackedStream, "write">, endInput: () => void): Promise<void>;
  /** Lets go of the input, also of a value that is awaited. */
  stop(): void;
}

/** Opens the input; nothing is read of it before it is passed on. */
export function openInput(input: AsyncIterable<Uint8Array>): InputPassage {
  const iterator = input[Symbol.asyncIterator]();
  let stopped = false;
  let wake = () => {};
  // Racing every value with one promise for the end would keep them all until then.
  const next = () =>
    new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
      wake = () => resolve(undefined);
      iterator.next().then(resolve, reject);
    });
  return {
    async pass(stream, endInput) {
      try {
        while (!stopped) {
          const said = await next();
          if (said === undefined) return;
          if (said.done === true) return endInput();
          await stream.write(said.value).catch(() => {
            // A program that ends without reading its input is no failure.
            stopped = true;
          });
        }
      } catch (error) {
        throw CosError.from(error);
      }
    },
    stop() {
      stopped = true;
      wake();
      // Not awaited: a generator answers only once the value that it waits for has come.
      iterator.return?.().catch(() => undefined);
    },
  };
}
