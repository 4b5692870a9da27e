import type { MemberNode, ObjectNode, Token } from "@humanwhocodes/momoa";
import { lineEndOf } from "./config-text.ts";

/** A text of JSON, and the tokens it is made of. */
export interface JsonText {
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** Longest list that is written on one line, in characters. */
const maxLineLength = 100;

/** Adds a member at the end of an object, behind the comments that stand there, in the way the others are written. */
export function insertMember(json: JsonText, object: ObjectNode, name: string, value: unknown): string {
  const { text } = json;
  const [start, end] = rangeOf(object);
  const last = object.members.at(-1);
  const lastEnd = last === undefined ? start + 1 : rangeOf(last)[1];
  const tail = tokensWithin(json, lastEnd, end - 1);
  const at = tail.at(-1)?.range?.[1] ?? lastEnd;
  const trailing = tail.some(({ type }) => type === "Comma");
  const lines = last === undefined || text.slice(start, end).includes("\n");
  const [eol, outer] = [lineEndOf(text), indentAt(text, start)];
  const indent = memberIndent(json, object);
  const member = lines
    ? `${eol}${indent}${JSON.stringify(name)}: ${format(value, indent, unitOf(json), eol)}`
    : ` ${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  const close = lines && !text.slice(at, end - 1).includes("\n") ? `${eol}${outer}` : "";
  const inserted = `${member}${trailing ? "," : ""}${close}`;
  const comma = last !== undefined && !trailing ? "," : "";
  return text.slice(0, lastEnd) + comma + text.slice(lastEnd, at) + inserted + text.slice(at);
}

/** Takes a member out of an object, with one comma and its line, if nothing else is on it. Comments stay. */
export function removeMember(json: JsonText, object: ObjectNode, member: MemberNode): string {
  const { text } = json;
  const [from, to] = rangeOf(member);
  const index = object.members.indexOf(member);
  const [previous, next] = [object.members[index - 1], object.members[index + 1]];
  const followed = commaWithin(json, to, next === undefined ? rangeOf(object)[1] - 1 : rangeOf(next)[0]);
  const preceded = previous === undefined ? undefined : commaWithin(json, rangeOf(previous)[1], from);
  const comma = followed ?? preceded;
  const joined = comma !== undefined && comma === followed && text.slice(to, comma).trim() === "";
  const gap = wholeLines(text, from, joined ? comma + 1 : to);
  const cuts = comma === undefined || joined ? [gap] : [gap, [comma, comma + 1] as const];
  return cuts
    .toSorted(([one], [other]) => other - one)
    .reduce((rest, [start, end]) => rest.slice(0, start) + rest.slice(end), text);
}

/** Gives a member another value. */
export function replaceValue(json: JsonText, object: ObjectNode, member: MemberNode, value: unknown): string {
  const { text } = json;
  const [from, to] = rangeOf(member.value);
  const [start, end] = rangeOf(object);
  const lines = text.slice(start, end).includes("\n");
  const indent = memberIndent(json, object);
  const written = lines ? format(value, indent, unitOf(json), lineEndOf(text)) : JSON.stringify(value);
  return text.slice(0, from) + written + text.slice(to);
}

/** A value over several lines, its short lists on one. */
function format(value: unknown, indent: string, unit: string, eol: string): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}${unit}`;
  const lines = (open: string, parts: readonly string[], close: string) =>
    parts.length === 0
      ? open + close
      : `${open}${eol}${parts.map((part) => inner + part).join(`,${eol}`)}${eol}${indent}${close}`;
  if (!Array.isArray(value)) {
    const members = Object.entries(value);
    return lines(
      "{",
      members.map(([key, member]) => `${JSON.stringify(key)}: ${format(member, inner, unit, eol)}`),
      "}",
    );
  }
  const parts = value.map((part) => format(part, inner, unit, eol));
  const line = `[${parts.join(", ")}]`;
  return line.length <= maxLineLength ? line : lines("[", parts, "]");
}

/** What members of an object begin their lines with. */
function memberIndent(json: JsonText, object: ObjectNode): string {
  const { text } = json;
  const [first] = object.members;
  if (first !== undefined) {
    const [from] = rangeOf(first);
    const line = text.slice(text.lastIndexOf("\n", from - 1) + 1, from);
    if (line.trim() === "") return line;
  }
  return indentAt(text, rangeOf(object)[0]) + unitOf(json);
}

/** The white space at the beginning of a position's line. */
function indentAt(text: string, position: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", position - 1) + 1))?.[0] ?? "";
}

/** One step of indentation, as in the rest of the text. */
function unitOf({ text }: JsonText): string {
  return /\n([ \t]+)["}\]]/.exec(text)?.[1] ?? "  ";
}

/** A range with the rest of its lines, if they are blank; else with the white space before it. */
function wholeLines(text: string, from: number, to: number): readonly [number, number] {
  const lineStart = text.lastIndexOf("\n", from - 1) + 1;
  const lineEnd = text.indexOf("\n", to);
  const alone = text.slice(lineStart, from).trim() === "" && lineEnd !== -1 && text.slice(to, lineEnd).trim() === "";
  if (alone && lineStart > 0) return [lineStart, lineEnd + 1];
  return [from - (/[ \t]*$/.exec(text.slice(lineStart, from))?.[0].length ?? 0), to];
}

function tokensWithin({ tokens }: JsonText, from: number, to: number): readonly Token[] {
  return tokens.filter(({ range }) => range !== undefined && range[0] >= from && range[1] <= to);
}

function commaWithin(json: JsonText, from: number, to: number): number | undefined {
  return tokensWithin(json, from, to).find(({ type }) => type === "Comma")?.range?.[0];
}

function rangeOf({ range }: { readonly range?: readonly number[] | undefined }): readonly [number, number] {
  return [range?.[0] ?? 0, range?.[1] ?? 0];
}
