import { printable } from "@cos/core";
import { coloured } from "./printing.ts";

/** Rows below bold titles, in columns that are as wide as they need to be. Control characters in cells are shown. */
export async function toTable(titles: readonly string[], rows: readonly (readonly string[])[]): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const none = {
    "top-left": "",
    "top-mid": "",
    "top-right": "",
    top: "",
    left: "",
    "left-mid": "",
    mid: "",
    "mid-mid": "",
    right: "",
    "right-mid": "",
    "bottom-left": "",
    "bottom-mid": "",
    "bottom-right": "",
    bottom: "",
    middle: "  ",
  };
  const table = new Table({ chars: none, style: { head: [], border: [], "padding-left": 0, "padding-right": 0 } });
  table.push(titles.map((title) => coloured(process.stdout, "bold", title)));
  for (const cells of rows) table.push(cells.map(printable));
  return `${table.toString().replace(/ +$/gm, "")}\n`;
}

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** How long ago something was, in the largest unit that fits, e.g. `3h`. */
export function toAge(at: string): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(at)) / 1000));
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / length)}${unit}`;
}
