import { createReadStream } from "node:fs";
import { CosError, type JobResult, maxStdinBytes, printable } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { inFlagWords } from "./flags.ts";
import { performHere, withSession } from "./perform.ts";
import { openInteraction } from "./interactive/interaction.ts";
import { coloured, printJson } from "./printing.ts";
import type { Action, Settings } from "./program.ts";
import { openProgress } from "./progress.ts";
import { words } from "./words.ts";

/** `cos run`: streams the job's output as it appears and exits as the job did. */
export const run: Action = (operation, input, settings) =>
  withSession(
    settings,
    async (session) => {
      const here = openInteraction(session, input);
      const progress = openProgress(settings);
      const call = { ...input, ...(await readStdin(input["stdin"])) };
      const { result } = await performHere(session, operation, call, {
        progress: progress.show,
        interaction: here.interaction,
        ...(settings.json ? {} : { output: here.output }),
      }).finally(() => {
        here.close();
        progress.clear();
      });
      if (input["detach"] === true) return sayStarted(result as Started, settings);
      const job = result as JobResult;
      if (settings.json) printJson(job);
      else if (job.hint !== undefined && !settings.quiet) {
        process.stderr.write(
          `${coloured(process.stderr, "dim", "cos:")} ${printable(inFlagWords(job.hint, operation, words[operation.name] ?? {}))}\n`,
        );
      }
      if (job.timedOut) return exitCodes.timedOut;
      return job.cancelled ? (session.interruption.code() ?? job.exitCode) : job.exitCode;
    },
    exitCodes.cosFailed,
  );

type Started = Pick<JobResult, "containerId" | "name">;

/** A detached job by its name and id, or with --quiet by its id alone, for scripts. */
function sayStarted(started: Started, settings: Settings): number {
  const { containerId, name } = started;
  if (settings.json) printJson(started);
  else process.stdout.write(settings.quiet ? `${containerId}\n` : `${name}  ${containerId}\n`);
  return exitCodes.ok;
}

/** `--stdin -` reads cos's own input, `--stdin FILE` a file, and anything else is the input itself. */
async function readStdin(source: unknown): Promise<{ stdin?: string; stdinEncoding?: "utf8" | "base64" }> {
  if (typeof source !== "string") return {};
  const bytes = source === "-" ? await readAll(process.stdin) : await readIfFile(source);
  if (bytes === undefined) return { stdin: source };
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes)
    ? { stdin: text }
    : { stdin: bytes.toString("base64"), stdinEncoding: "base64" };
}

async function readIfFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readAll(createReadStream(path));
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") return undefined;
    throw new CosError("failed_precondition", `The file ${JSON.stringify(path)} cannot be read.`, { cause });
  }
}

async function readAll(input: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxStdinBytes)
      throw new CosError("invalid_argument", "The standard input is longer than 16 MiB.", {
        hint: "Mount a file instead.",
      });
  }
  return Buffer.concat(chunks);
}
