import { printable } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";

/** What a wait came to, as far as it is printed. */
interface Waited {
  readonly met: boolean;
  readonly reason: "exited" | "healthy" | "matched" | "timeout" | "ended";
  readonly exitCode?: number;
}

/** `cos wait`: prints the exit code of what has ended, as `docker wait` does, else what has happened. */
export const wait: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result, text } = await performHere(session, operation, input);
    const { met, reason, exitCode } = result as Waited;
    if (settings.json) printJson(result);
    else if (reason === "exited") process.stdout.write(`${exitCode}\n`);
    else if (!met) process.stderr.write(`cos: ${printable(text)}\n`);
    else if (!settings.quiet) process.stdout.write(`${printable(text)}\n`);
    if (met) return exitCodes.ok;
    return reason === "timeout" ? exitCodes.timedOut : exitCodes.failed;
  });
