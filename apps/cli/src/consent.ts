import { createInterface } from "node:readline";
import type { Outcome } from "@cos/control-plane";
import { CosError, printable } from "@cos/core";
import { coloured, oneLine } from "./printing.ts";
import type { Session } from "./session.ts";

/**
 * Gets the answer to a preview: `--yes`, or a person's at the terminal. Where nothing would change it is yes.
 *
 * @returns who said yes.
 * @throws CosError `denied` when nobody did.
 */
export async function confirm(
  { caller, settings, interruption }: Session,
  { preview, reason }: Extract<Outcome, { status: "confirm" }>,
): Promise<"person" | "assumed"> {
  if (settings.yes || preview.changes["action"] === "none") return "assumed";
  if (caller.kind !== "terminal" || !process.stderr.isTTY) {
    throw new CosError("denied", `This needs a yes: ${preview.text}`, {
      hint: `${reason} Answer with --yes.`,
      details: { preview },
    });
  }
  process.stderr.write(`${printable(preview.text)}\n${coloured(process.stderr, "dim", oneLine(reason))}\n`);
  if (await asksYes("Go ahead? [y/N] ", interruption.signal)) return "person";
  throw new CosError("denied", "Nothing was changed: the answer was not yes.");
}

/**
 * Asks at the terminal. Anything but y and yes is a no, and so is the end of the input.
 *
 * @throws CosError `cancelled`
 */
export async function asksYes(question: string, signal: AbortSignal): Promise<boolean> {
  process.stderr.write(question);
  // Not `terminal`: the terminal edits the line by itself, and Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, terminal: false });
  const answer = await new Promise<string | undefined>((resolve) => {
    const giveUp = () => resolve(undefined);
    lines.once("line", resolve).once("close", giveUp);
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
  lines.close();
  // Without an answer the cursor still stands after the question.
  if (answer === undefined) process.stderr.write("\n");
  if (signal.aborted) throw new CosError("cancelled", "The question was not answered.");
  return /^y(?:es)?$/i.test((answer ?? "").trim());
}

/**
 * Waits for a person elsewhere to decide. What was decided, repeating the call tells.
 *
 * @throws CosError `denied` when nobody does in time; `cancelled`.
 */
export async function waitForApproval(
  { controlPlane, interruption, settings: { json, quiet } }: Session,
  { preview, reference, reason, rule, expiresInSeconds }: Extract<Outcome, { status: "pending" }>,
): Promise<void> {
  if (json) {
    process.stderr.write(`${JSON.stringify({ pending: { reference, preview, rule, reason, expiresInSeconds } })}\n`);
  } else {
    const what = `${printable(preview.text)}\n${coloured(process.stderr, "dim", oneLine(reason))}\n`;
    const minutes = Math.ceil(expiresInSeconds / 60);
    process.stderr.write(
      `${quiet ? "" : what}Waiting up to ${minutes} min for approval; elsewhere: cos approvals approve ${reference}\n`,
    );
  }
  if ((await controlPlane.settled(reference, interruption.signal)) !== "expired") return;
  throw new CosError("denied", "Nobody approved it in time.", { details: { rule, reference } });
}
