import { CosError } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { watchForInterruption } from "./interruption.ts";
import { printError } from "./printing.ts";

/** Takes a command's exit code. */
export type Exit = (code: number) => void;

/** Runs the body of a command that is no operation. A failure is printed and becomes an exit code. */
export async function guarded(
  json: boolean,
  exit: Exit,
  body: (signal: AbortSignal) => Promise<number>,
): Promise<void> {
  const interruption = watchForInterruption();
  try {
    const code = await body(interruption.signal);
    exit(interruption.code() ?? code);
  } catch (error) {
    const interrupted = interruption.code();
    if (interrupted === undefined) printError(error, json);
    exit(interrupted ?? (CosError.is(error) && error.code === "denied" ? exitCodes.refused : exitCodes.failed));
  } finally {
    interruption.close();
  }
}
