import type { Operation } from "@cos/control-plane";
import { printable } from "@cos/core";
import { inFlagWords } from "./flags.ts";
import { coloured } from "./printing.ts";
import { words } from "./words.ts";

/** Tells the person what a result hints at, in the words of the command line. */
export function sayHint(hint: string | undefined, operation: Operation): void {
  if (hint === undefined) return;
  const said = printable(inFlagWords(hint, operation, words[operation.name] ?? {}));
  process.stderr.write(`${coloured(process.stderr, "dim", "cos:")} ${said}\n`);
}
