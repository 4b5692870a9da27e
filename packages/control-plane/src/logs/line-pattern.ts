import { CosError } from "@cos/core";

/** Whether a line of a log matches. */
export type LinePattern = (line: string) => boolean;

/** Longest pattern, in characters. */
export const maxPatternLength = 1000;

/**
 * Makes a pattern of RE2's syntax, which is that of most regular expressions without lookaround and backreferences. It
 * takes time that grows with the length of the line alone, whatever the pattern is. The end of a line that a terminal
 * wrote does not count.
 *
 * @throws CosError `invalid_argument`
 */
export async function compileLinePattern(pattern: string, ignoreCase: boolean): Promise<LinePattern> {
  if (!ignoreCase && /^[\w\s!"#%&',/:;<=>@`~-]*$/.test(pattern)) return (line) => line.includes(pattern);
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    return (line) => compiled.test(line.endsWith("\r") ? line.slice(0, -1) : line);
  } catch (cause) {
    throw new CosError("invalid_argument", `The pattern ${JSON.stringify(pattern)} is not one.`, {
      hint: `${sayWhy(cause)} The syntax is RE2's: no lookaround, no backreferences. Put \\ before a character that is to stand for itself.`,
      cause,
    });
  }
}

function sayWhy(cause: unknown): string {
  const reason = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, "") : "";
  return reason === "" ? "" : `${reason[0]?.toUpperCase()}${reason.slice(1)}.`;
}
