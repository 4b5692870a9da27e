import { styleText } from "node:util";
import { printable } from "@cos/core";
import type { Fields } from "./log.ts";

type Style = Parameters<typeof styleText>[0];

const levelStyles: Readonly<Record<string, Style>> = { debug: "dim", warn: "yellow", error: "red" };

/** Fields that are told in their own way, stand in the words already, or are for machines alone. */
const untold: ReadonlySet<string> = new Set(
  "level time msg caller hint cause operation status callerKind callId session code".split(" "),
);

/**
 * Makes entries readable: time, level, who, what, and what else there is as `name=value`. What callers chose is escaped,
 * so an entry is one line, but for words of cos itself that are more, and the hint and cause of a failure.
 */
export function createTextFormat(color = wantsColor()): (json: string) => string {
  const paint = (style: Style | undefined, text: string) =>
    color && style !== undefined ? styleText(style, text, { validateStream: false }) : text;
  const toPairs = (fields: Fields): string[] =>
    Object.entries(fields)
      .filter(([name]) => !untold.has(name))
      .flatMap(([name, value]) => (isFields(value) ? toPairs(value) : [`${paint("dim", `${name}=`)}${toWord(value)}`]));
  return (json) => {
    const entry = JSON.parse(json) as Fields;
    const level = String(entry["level"]);
    const words = [
      paint("dim", String(entry["time"])),
      paint(levelStyles[level], level.toUpperCase().padEnd(5)),
      ...("caller" in entry ? [paint("cyan", toWord(entry["caller"]))] : []),
      toText(entry["msg"]),
      ...toPairs(entry),
    ];
    const below = ["hint", "cause"].filter((name) => name in entry);
    return `${words.join(" ")}${below.map((name) => `\n  ${name}: ${toText(entry[name])}`).join("")}\n`;
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lines after the first are set in. */
function toText(value: unknown): string {
  return printable(String(value)).replaceAll("\n", "\n  ");
}

/** Colour is for terminals, unless their user wants none. */
function wantsColor({ NO_COLOR = "", TERM } = process.env): boolean {
  return process.stderr.isTTY && NO_COLOR === "" && TERM !== "dumb";
}

/** A value as one word: quoted if it would read as more, or as nothing. */
function toWord(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return printable(/^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text));
}
