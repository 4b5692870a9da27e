import { type CosError, printable } from "@cos/core";
import type { Front } from "./options.ts";

let speaker = "cos-mcp";

/** From now on, what is said is said in the name of the command that was called. */
export function speakAs(front: Front): void {
  speaker = front === "cos-mcp" ? front : "cos";
}

/** Tells whoever runs the server something, on stderr: standard output belongs to the protocol. */
export function say(message: string, hint?: string): void {
  process.stderr.write(`${speaker}: ${printable(message)}\n${hint === undefined ? "" : `hint: ${printable(hint)}\n`}`);
}

/** Tells of a failure. Of one that nobody expected it also tells the cause, which clients are not shown. */
export function sayFailure({ code, message, hint, cause }: CosError): void {
  say(message, hint);
  if (code !== "internal" || cause === undefined) return;
  say(`cause: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
}
