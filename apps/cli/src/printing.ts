import { styleText } from "node:util";
import { CosError, type OutputChunk, printable } from "@cos/core";

type Style = Parameters<typeof styleText>[0];

/** Text in colour, if the stream is a terminal that has colours (TERM) and the user did not say NO_COLOR. */
export function coloured(stream: NodeJS.WriteStream, style: Style, text: string): string {
  const { NO_COLOR, TERM } = process.env;
  // styleText's own judgement is of stdout, whichever stream the text is for.
  return stream.isTTY && !NO_COLOR && TERM !== "dumb" ? styleText(style, text, { validateStream: false }) : text;
}

/** Text that others wrote, fit for one line: it begins no line of its own, moves no cursor and reorders nothing. */
export function oneLine(text: string): string {
  return printable(text.replaceAll("\n", "\\n").replaceAll("\t", "\\t"));
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

/** Writes a container's output as it is. Resolves when it is written, because its memory is used again afterwards. */
export function passOn({ stream, data }: OutputChunk): Promise<void> {
  return new Promise((resolve) => {
    process[stream].write(data, () => resolve());
  });
}
