import type { ExecResult } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { sayHint } from "./hint.ts";
import { openInteraction } from "./interactive/interaction.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { readStdin } from "./stdin.ts";

/** `cos exec`: streams the command's output as it appears and exits as the command did. */
export const exec: Action = (operation, input, settings) =>
  withSession(
    settings,
    async (session) => {
      const here = openInteraction(session, input);
      const call = { ...input, ...(await readStdin(input["stdin"])) };
      const { result } = await performHere(session, operation, call, {
        interaction: here.interaction,
        ...(settings.json ? {} : { output: here.output }),
      }).finally(() => here.close());
      const ended = result as ExecResult;
      if (settings.json) printJson(ended);
      // That a command may run on is essential.
      else if (!settings.quiet || ended.killed === false) sayHint(ended.hint, operation);
      if (ended.timedOut) return exitCodes.timedOut;
      const code = ended.exitCode ?? exitCodes.cosFailed;
      return ended.cancelled ? (session.interruption.code() ?? code) : code;
    },
    exitCodes.cosFailed,
  );
