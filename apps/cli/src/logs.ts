import type { OutputChunk } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { coloured, passOn, printJson } from "./printing.ts";
import type { Action } from "./program.ts";

/** Most bytes of lines that are chosen from the end of a log, of which there are to be no more than asked for. */
const chosenBytes = 1024 * 1024;

/** What is printed of an answer, beside its lines. */
interface LogAnswer {
  readonly cutBytes: number;
  readonly more: boolean;
  readonly cursor?: string;
}

/** `cos logs`: what the container wrote, each stream to its own; with --follow until it ends. */
export const logs: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { json, quiet } = settings;
    if (json && input["follow"] !== true) {
      printJson((await performHere(session, operation, input)).result);
      return exitCodes.ok;
    }
    const asked = json ? { ...input, timestamps: true } : { limitBytes: chosenBytes, ...input };
    const { result } = await performHere(session, operation, asked, { output: json ? printEntry : passOn });
    if (!json && !quiet) sayWhatIsMissing(result as LogAnswer);
    return exitCodes.ok;
  });

/** A line of a log as one object, of which the first word is the time. */
function printEntry({ stream, data }: OutputChunk): Promise<void> {
  const line = Buffer.from(data).toString().replace(/\n$/, "");
  const end = line.indexOf(" ");
  const entry = { time: line.slice(0, end), stream, text: line.slice(end + 1) };
  return passOn({ stream: "stdout", data: Buffer.from(`${JSON.stringify(entry)}\n`) });
}

function sayWhatIsMissing({ cutBytes, more, cursor }: LogAnswer): void {
  const say = (text: string) => process.stderr.write(`${coloured(process.stderr, "dim", "cos:")} ${text}\n`);
  if (cutBytes > 0) say(`${cutBytes} bytes were left out. Ask for fewer lines, or with --since for all of them.`);
  if (more) say(`more lines follow: --cursor ${cursor}`);
}
