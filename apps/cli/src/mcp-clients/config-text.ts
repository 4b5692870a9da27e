import { isDeepStrictEqual } from "node:util";
import { CosError } from "@cos/core";

/** What a client's configuration says of one server. */
export type Entry = Readonly<Record<string, string | number | readonly string[] | Readonly<Record<string, string>>>>;

/** The text of a configuration file. */
export interface ConfigText {
  /** Where it is from, for messages. */
  readonly file: string;
  readonly text: string;
}

/** Where a server stands in a configuration: in which table, and under which name. */
export interface Place {
  readonly table: string;
  readonly name: string;
}

/** How one server's entry changes. What the user added to it stays. */
export interface EntryChange {
  /** Gets these values. */
  readonly set: Entry;
  /** Gets these where it has none. */
  readonly defaults: Entry;
  /** Loses these, unless they are set. */
  readonly drop: readonly string[];
}

/** A language of configuration files. All throw CosError `failed_precondition` for what they cannot read, or change. */
export interface ConfigLanguage {
  /** The server's entry, if there is one. */
  readonly read: (config: ConfigText, place: Place) => unknown;
  /** The text with the server in it: everything else is as it was, byte for byte. */
  readonly withEntry: (config: ConfigText, place: Place, change: EntryChange) => string;
  /** The text without the server. */
  readonly withoutEntry: (config: ConfigText, place: Place) => string;
}

/** Says that a file is not in its language, and what to do. */
export function notParsed({ file }: ConfigText, at: { line: number; column: number }, problem: string): CosError {
  return new CosError("failed_precondition", `${file}:${at.line}:${at.column}: ${problem}`, {
    hint: "Repair the file first; nothing was changed.",
  });
}

/** Says that cos does not dare to change a file. */
export function notChangeable({ file }: ConfigText, problem: string): CosError {
  return new CosError("failed_precondition", `${file}: ${problem}`, {
    hint: "Change it by hand; nothing was changed.",
  });
}

/** Makes sure that a changed text says exactly what it is to say, whatever way it came about. */
export function assertSays(config: ConfigText, actual: unknown, expected: unknown): void {
  // Parsers make objects of different kinds; what they hold is what counts.
  if (!isDeepStrictEqual(structuredClone(actual), structuredClone(expected)))
    throw notChangeable(config, "It cannot be changed without changing more.");
}

/** A copy of a configuration with another entry; without the server, if there is to be none. */
export function withValue(whole: unknown, { table, name }: Place, entry: unknown): unknown {
  const root = { ...(whole as Record<string, unknown>) };
  const servers = { ...(root[table] as Record<string, unknown>) };
  if (entry === undefined) delete servers[name];
  else servers[name] = entry;
  return { ...root, [table]: servers };
}

/** What becomes of an entry. */
export function changed(current: unknown, { set, defaults, drop }: EntryChange): Record<string, unknown> {
  const kept = isTable(current) ? Object.entries(current).filter(([key]) => !drop.includes(key)) : [];
  const missing = Object.entries(defaults).filter(([key]) => !isTable(current) || !(key in current));
  return { ...Object.fromEntries(kept), ...set, ...Object.fromEntries(missing) };
}

/** Whether a value has named members. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What ends lines in a text. */
export function lineEndOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
