import { type JobResult, printable } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { sayHint } from "./hint.ts";
import { openArtifactPlaces, readJobFiles } from "./job-files.ts";
import { performHere, withSession } from "./perform.ts";
import { openInteraction } from "./interactive/interaction.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import type { Settings } from "./session-flags.ts";
import { openProgress } from "./progress.ts";
import { readStdin } from "./stdin.ts";

/** `cos run`: streams the job's output as it appears and exits as the job did. */
export const run: Action = (operation, input, settings) =>
  withSession(
    settings,
    async (session) => {
      const here = openInteraction(session, input);
      const progress = openProgress(settings);
      const places = await openArtifactPlaces(asTexts(input["artifacts"]));
      const call = {
        ...input,
        ...(await readStdin(input["stdin"])),
        files: await readJobFiles(asTexts(input["files"])),
        artifacts: places.paths,
      };
      const { result } = await performHere(session, operation, call, {
        progress: progress.show,
        interaction: here.interaction,
        files: places.take,
        ...(settings.json ? {} : { output: here.output }),
      }).finally(() => {
        here.close();
        progress.clear();
      });
      if (input["detach"] === true) return sayStarted(result as Started, settings);
      const job = result as JobResult;
      if (settings.json) printJson(job);
      else if (!settings.quiet) sayHint(job.hint, operation);
      for (const path of settings.json ? [] : (job.missingArtifacts ?? [])) {
        process.stderr.write(`cos: the job left no ${printable(path)} that could be read\n`);
      }
      if (job.timedOut) return exitCodes.timedOut;
      return job.cancelled ? (session.interruption.code() ?? job.exitCode) : job.exitCode;
    },
    exitCodes.cosFailed,
  );

function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

type Started = Pick<JobResult, "containerId" | "name">;

/** A detached job by its name and id, or with --quiet by its id alone, for scripts. */
function sayStarted(started: Started, settings: Settings): number {
  const { containerId, name } = started;
  if (settings.json) printJson(started);
  else process.stdout.write(settings.quiet ? `${containerId}\n` : `${name}  ${containerId}\n`);
  return exitCodes.ok;
}
