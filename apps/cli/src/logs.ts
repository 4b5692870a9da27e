import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { passOn, printJson } from "./printing.ts";
import type { Action } from "./program.ts";

/** `cos logs`: what the container wrote, each stream to its own. */
export const logs: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const sinks = settings.json ? {} : { output: passOn };
    const { result } = await performHere(session, operation, input, sinks);
    if (settings.json) printJson(result);
    return exitCodes.ok;
  });
