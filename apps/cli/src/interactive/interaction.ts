import { CosError, type Interaction, type OutputSink } from "@cos/core";
import { passOn } from "../printing.ts";
import type { Session } from "../session.ts";
import { readInput } from "./input.ts";
import { prepareRawMode } from "./raw-mode.ts";
import { openScreen } from "./screen.ts";

/** This end of a conversation with a program. */
export interface OpenInteraction {
  readonly interaction?: Interaction;
  /** Where the program's output goes. */
  readonly output: OutputSink;
  /** Gives back standard input, and the terminal as it was. */
  close(): void;
}

/**
 * Opens what `-i` and `-t` ask for. Until the program is about to start, nothing is read, and the terminal stays as it
 * is: Ctrl-C interrupts cos, and questions are answered.
 *
 * @throws CosError `failed_precondition` when `-t` is given and there is no terminal, `invalid_argument`.
 */
export function openInteraction({ settings, interruption }: Session, input: Record<string, unknown>): OpenInteraction {
  const { stdin, stdout } = process;
  const { interactive = false, tty = false, json } = settings;
  if (!interactive && !tty) return { output: passOn, close: () => {} };
  if (input["stdin"] !== undefined) {
    throw new CosError("invalid_argument", "The input comes from --stdin or from -i, not from both.");
  }
  if (input["detach"] === true) {
    throw new CosError("invalid_argument", "With --detach the job is left to itself, so -i and -t have no use.");
  }
  if (!tty) {
    const interaction = { input: readInput(stdin) };
    return { interaction, output: passOn, close: () => void stdin.destroy() };
  }
  if (json) {
    throw new CosError("invalid_argument", "With -t the output goes to the terminal, so --json has nothing to print.", {
      hint: "Use -i without -t.",
    });
  }
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new CosError("failed_precondition", "There is no terminal here that -t could give to the program.", {
      hint: "Use -i alone to pass on input from a file or another program.",
    });
  }
  let onResize = () => {};
  const rawMode = prepareRawMode(stdin, () => onResize());
  const screen = openScreen(interruption.signal);
  return {
    interaction: {
      input: readInput(stdin, () => rawMode.enter()),
      terminal: {
        size: () => ({ columns: stdout.columns, rows: stdout.rows }),
        onResize(callback) {
          onResize = callback;
          stdout.on("resize", callback);
          return () => void stdout.off("resize", callback);
        },
      },
    },
    output: screen.show,
    close() {
      rawMode.leave();
      screen.close();
      stdin.destroy();
    },
  };
}
