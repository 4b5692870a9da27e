import { CosError } from "./errors.ts";
import type { WorkloadSpec } from "./spec/workload-spec.ts";

/** How large a terminal is, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Somebody who talks with a program while it runs. */
export interface Interaction {
  /**
   * What they say to it. Its iterator is made once, when the program is about to start, and asked for values from when it
   * runs, no faster than it takes them. The end is the end of the program's standard input, unless there is a terminal:
   * on that, ends are typed (Ctrl-D). The iterator's `return` is called when the program takes no more, also while a
   * value is awaited. If it throws, the program is killed, and the failure is the caller's.
   */
  readonly input: AsyncIterable<Uint8Array>;
  /**
   * The terminal they sit at. The program then gets a terminal of that size, set before any input comes, and all of its
   * output is stdout.
   */
  readonly terminal?:
    | {
        /** How large it is now. */
        size(): TerminalSize;
        /** Calls back whenever that has changed, until the returned function is called. */
        onResize(callback: () => void): () => void;
      }
    | undefined;
}

/**
 * Refuses a workload that has its input already where somebody would type it.
 *
 * @throws CosError `invalid_argument`
 */
export function assertOneInput({ stdin }: Pick<WorkloadSpec, "stdin">, interaction: Interaction | undefined): void {
  if (stdin === undefined || interaction === undefined) return;
  throw new CosError("invalid_argument", "The input comes from `stdin` or from an interaction, not from both.", {
    hint: "Leave one of them out.",
  });
}
