import { printable } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { inFlagWords } from "./flags.ts";
import { performHere, withSession } from "./perform.ts";
import { coloured, printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { openProgress } from "./progress.ts";
import { words } from "./words.ts";

/** What operations on services answer with, as far as it is read here. */
interface ServiceAnswer {
  readonly id: string;
  readonly status?: string;
  readonly hint?: string;
}

/**
 * `cos ensure`, `create`, `start` and `recreate`: what became of the service and how it differs, or with --quiet its id.
 * A service that is not as asked for is something to look at.
 */
export const service: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const progress = openProgress(settings);
    const { result, text } = await performHere(session, operation, input, { progress: progress.show }).finally(
      progress.clear,
    );
    const { id, status, hint } = result as ServiceAnswer;
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(`${id.slice(0, 12)}\n`);
    else {
      const shown = hint === undefined ? text : text.slice(0, -hint.length).trimEnd();
      process.stdout.write(`${printable(shown)}\n`);
      if (hint !== undefined) {
        const said = inFlagWords(hint, operation, words[operation.name] ?? {});
        process.stderr.write(`${coloured(process.stderr, "dim", "hint:")} ${printable(said)}\n`);
      }
    }
    return status === "drifted" ? exitCodes.remarks : exitCodes.ok;
  });
