import type { Call, Operation, Outcome } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { exitCodes } from "./exit-codes.ts";
import { inFlagWords, toFlagIssues } from "./flags.ts";
import { printable, printError, printJson } from "./printing.ts";
import type { Settings } from "./program.ts";
import { openSession, type Session } from "./session.ts";
import { words } from "./words.ts";

/** Performs an operation and prints its text, or its result as JSON. */
export async function performAndPrint(
  operation: Operation,
  input: Record<string, unknown>,
  settings: Settings,
): Promise<number> {
  return await withSession(settings, async (session) => {
    const { result, text } = await performHere(session, operation, input);
    if (settings.json) printJson(result);
    else process.stdout.write(`${printable(text)}\n`);
    return exitCodes.ok;
  });
}

/** Runs the body of a command with a session; a failure is printed and becomes an exit code. */
export async function withSession(
  settings: Settings,
  body: (session: Session) => Promise<number>,
  failed: number = exitCodes.failed,
): Promise<number> {
  const session = openSession();
  try {
    return await body(session);
  } catch (error) {
    const interruption = session.interruption();
    if (interruption === undefined) printError(error, settings.json);
    return interruption ?? failed;
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

/**
 * Performs an operation for the session's caller.
 *
 * @throws CosError `denied` when policy refuses, and whatever the operation throws.
 */
export async function performHere(
  { controlPlane, caller, signal }: Session,
  operation: Operation,
  input: unknown,
  sinks: Pick<Call, "output" | "progress"> = {},
): Promise<Extract<Outcome, { status: "done" }>> {
  const outcome = await controlPlane
    .perform({ operation: operation.name, input, caller, signal, ...sinks })
    .catch((error: unknown) => {
      throw inCommandWords(CosError.from(error), operation);
    });
  if (outcome.status === "done") return outcome;
  throw new CosError("denied", outcome.reason, {
    hint: `The rule ${outcome.rule} decided.`,
    details: { rule: outcome.rule },
  });
}

/** The same failure, said in flags instead of the operation's fields. */
function inCommandWords(error: CosError, operation: Operation): CosError {
  const said = words[operation.name] ?? {};
  const issues = error.details?.["issues"] as Parameters<typeof toFlagIssues>[0] | undefined;
  const message =
    issues === undefined ? inFlagWords(error.message, operation, said) : toFlagIssues(issues, operation, said);
  const hint = error.hint === undefined ? undefined : inFlagWords(error.hint, operation, said);
  return new CosError(error.code, message, { hint, details: error.details, cause: error.cause });
}
