import { type CosError, printable } from "@cos/core";
import type { Front } from "./options.ts";

/** How something is said to whoever runs the server. */
export type Voice = (
  level: "info" | "warn" | "error",
  message: string,
  about: { readonly hint?: string | undefined; readonly cause?: string | undefined },
) => void;

/** Most bytes that may wait for whoever reads standard error. What there is to say beyond them is not kept for them. */
const mostUnreadBytes = 64 * 1024;

let speaker = "cos-mcp";

const plainly: Voice = (_level, message, { hint, cause }) => {
  if (process.stderr.writableLength > mostUnreadBytes) return;
  const lines = [
    `${speaker}: ${message}`,
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(cause === undefined ? [] : [`${speaker}: cause: ${cause}`]),
  ];
  process.stderr.write(lines.map((line) => `${printable(line)}\n`).join(""));
};

let voice = plainly;

/** From now on, what is said is said in the name of the command that was called. */
export function speakAs(front: Front): void {
  speaker = front === "cos-mcp" ? front : "cos";
}

/** From now on, what is said is said by that voice, and not as lines on standard error. */
export function speakThrough(next: Voice): void {
  voice = next;
}

/** Tells whoever runs the server something, on stderr: standard output belongs to the protocol. */
export function say(message: string, hint?: string): void {
  voice("info", message, { hint });
}

/** Tells of something that is wrong, and that the server lives with. */
export function sayProblem(message: string, hint?: string): void {
  voice("warn", message, { hint });
}

/** Tells of a failure. Of one that nobody expected it also tells the cause, which clients are not shown. */
export function sayFailure({ code, message, hint, cause }: CosError): void {
  const shown = code === "internal" && cause !== undefined ? { hint, cause: describe(cause) } : { hint };
  voice("error", message, shown);
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
