import type { Call, Operation, Outcome } from "@cos/control-plane";
import { CosError, printable } from "@cos/core";
import { confirm, waitForApproval } from "./consent.ts";
import { exitCodes } from "./exit-codes.ts";
import { type InputIssue, inFlagWords, toFlagIssues } from "./flags.ts";
import { printError, printJson } from "./printing.ts";
import type { Settings } from "./session-flags.ts";
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
  const session = openSession(settings);
  try {
    return await body(session);
  } catch (error) {
    const interrupted = session.interruption.code();
    if (interrupted === undefined) printError(error, settings.json);
    return interrupted ?? (CosError.is(error) && error.code === "denied" ? exitCodes.refused : failed);
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

/**
 * Performs an operation for the session's caller, and gets the consent that it needs.
 *
 * @throws CosError `denied` when policy or a person refuses, and whatever the operation throws.
 */
export async function performHere(
  session: Session,
  operation: Operation,
  input: unknown,
  sinks: Pick<Call, "output" | "progress" | "interaction" | "files"> = {},
): Promise<Extract<Outcome, { status: "done" }>> {
  const { controlPlane, caller, interruption, settings } = session;
  const { engine } = settings;
  const call = { operation: operation.name, input, caller, engine, signal: interruption.signal, ...sinks };
  const perform = (answer: Pick<Call, "confirmToken" | "confirmedBy"> = {}) =>
    controlPlane.perform({ ...call, ...answer }).catch((error: unknown) => {
      throw inCommandWords(CosError.from(error), operation);
    });
  const first = await perform();
  const outcome = await answered(session, first, perform);
  if (outcome.status === "done") return outcome;
  if (outcome.status !== "denied") {
    throw new CosError("conflict", "What was approved has changed since. Nothing was done.", { hint: "Try again." });
  }
  if (first.status === "confirm") {
    throw new CosError("denied", "The answer came too late, or what it was about has changed. Nothing was done.", {
      hint: "Try again.",
      details: { rule: outcome.rule },
    });
  }
  throw new CosError("denied", outcome.reason, {
    hint: `By the rule ${outcome.rule}. See: cos policy show`,
    details: { rule: outcome.rule },
  });
}

/** The outcome after a person's answer, where one was needed. */
async function answered(
  session: Session,
  first: Outcome,
  perform: (answer?: Pick<Call, "confirmToken" | "confirmedBy">) => Promise<Outcome>,
): Promise<Outcome> {
  if (first.status === "confirm") {
    return await perform({ confirmToken: first.confirmToken, confirmedBy: await confirm(session, first) });
  }
  if (first.status !== "pending") return first;
  await waitForApproval(session, first);
  return await perform();
}

/** The same failure, said in flags instead of the operation's fields. */
function inCommandWords(error: CosError, operation: Operation): CosError {
  const said = words[operation.name] ?? {};
  const issues = error.details?.["issues"] as readonly InputIssue[] | undefined;
  // Those of a file say at which line, and are about no flag.
  if (issues?.some((issue) => "line" in issue) === true) return error;
  const message =
    issues === undefined ? inFlagWords(error.message, operation, said) : toFlagIssues(issues, operation, said);
  const hint = error.hint === undefined ? undefined : inFlagWords(error.hint, operation, said);
  return new CosError(error.code, message, { hint, details: error.details, cause: error.cause });
}
