import { styleText } from "node:util";
import { CosError } from "@cos/core";

type Style = Parameters<typeof styleText>[0];

/** Text in colour, if the stream is a terminal that has colours (TERM) and the user did not say NO_COLOR. */
export function coloured(stream: NodeJS.WriteStream, style: Style, text: string): string {
  const { NO_COLOR, TERM } = process.env;
  // styleText's own judgement is of stdout, whichever stream the text is for.
  return stream.isTTY && !NO_COLOR && TERM !== "dumb" ? styleText(style, text, { validateStream: false }) : text;
}

/**
 * Text from elsewhere made safe for a terminal: control characters, which could move the cursor or retitle the window,
 * and invisible or direction-changing ones, which could disguise it, are shown as escapes. Lines stay lines.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Prints a failure: what happened, then what to do next. With `json` as an object, for programs. */
export function printError(error: unknown, json: boolean): void {
  const failure = CosError.from(error);
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: failure })}\n`);
    return;
  }
  process.stderr.write(`${coloured(process.stderr, "red", "cos:")} ${printable(failure.message)}\n`);
  if (failure.hint !== undefined)
    process.stderr.write(`${coloured(process.stderr, "dim", "hint:")} ${printable(failure.hint)}\n`);
  if (failure.code === "internal" && failure.cause !== undefined) {
    process.stderr.write(
      `${printable(failure.cause instanceof Error ? (failure.cause.stack ?? failure.cause.message) : String(failure.cause))}\n`,
    );
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
