import { parse, TomlError } from "smol-toml";
import {
  assertSays,
  changed,
  type ConfigLanguage,
  type ConfigText,
  isTable,
  lineEndOf,
  notChangeable,
  notParsed,
  type Place,
  withValue,
} from "./config-text.ts";
import { findStatements, type Statement } from "./toml-statements.ts";

/** TOML, whose text is changed statement by statement, so that all others stay as they are. */
export const tomlConfig: ConfigLanguage = {
  read(config, { table, name }) {
    const servers = parseToml(config)[table];
    return isTable(servers) ? servers[name] : undefined;
  },

  withEntry(config, place, change) {
    const before = parseToml(config);
    const current = tomlConfig.read(config, place);
    const entry = changed(current, change);
    let { text } = config;
    if (findTable(text, place).header === undefined) text = appendTable(text, place);
    for (const key of change.drop) if (!(key in entry)) text = setKey(text, place, key, undefined);
    for (const [key, value] of Object.entries(entry)) {
      const same = isTable(current) && JSON.stringify(current[key]) === JSON.stringify(value);
      if (!same) text = setKey(text, place, key, value);
    }
    assertSays(config, parseChanged(config, text), withValue(before, place, entry));
    return text;
  },

  withoutEntry(config, place) {
    if (tomlConfig.read(config, place) === undefined) return config.text;
    const text = withoutTables(config.text, place);
    const { [place.table]: servers, ...others } = parseChanged(config, text);
    const expected = withValue(parseToml(config), place, undefined);
    assertSays(config, { ...others, [place.table]: servers ?? {} }, expected);
    return text;
  },
};

function parseToml(config: ConfigText): Record<string, unknown> {
  try {
    return parse(config.text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [problem = ""] = error.message.split("\n");
    throw notParsed(config, error, `${problem.replace(/^Invalid TOML document: /, "")}.`);
  }
}

/** What a changed text says. One that is wrong comes of a way to write tables that cos does not follow. */
function parseChanged(config: ConfigText, text: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch {
    throw notChangeable(config, "The servers are not in tables of their own, such as [mcp_servers.cos].");
  }
}

/** The statements of one server: its header, and the keys below it. */
interface TableStatements {
  readonly header: Statement | undefined;
  readonly pairs: readonly Statement[];
}

function findTable(text: string, { table, name }: Place): TableStatements {
  const statements = findStatements(text);
  const at = statements.findIndex((statement) => isHeaderOf(text, statement, [table, name]));
  if (at === -1) return { header: undefined, pairs: [] };
  const rest = statements.slice(at + 1);
  const next = rest.findIndex(({ kind }) => kind === "header");
  return { header: statements[at], pairs: next === -1 ? rest : rest.slice(0, next) };
}

/** Whether a statement is the header of this table; with `below`, or of one in it. */
function isHeaderOf(text: string, { kind, start, end }: Statement, path: readonly string[], below = false): boolean {
  if (kind !== "header") return false;
  const header = text.slice(start, end);
  const list = header.startsWith("[[");
  let inner: unknown = parse(header);
  for (const part of path) {
    if (!isTable(inner) || !(part in inner)) return false;
    inner = inner[part];
  }
  return below || (!list && isTable(inner) && Object.keys(inner).length === 0);
}

function appendTable(text: string, { table, name }: Place): string {
  const eol = lineEndOf(text);
  const gap = text === "" ? "" : text.endsWith("\n") ? eol : eol + eol;
  return `${text}${gap}[${table}.${name}]${eol}`;
}

function setKey(text: string, place: Place, key: string, value: unknown): string {
  const { header, pairs } = findTable(text, place);
  const pair = pairs.find(({ start, end }) => Object.keys(parse(text.slice(start, end)))[0] === key);
  if (value === undefined) return pair === undefined ? text : text.slice(0, pair.start) + text.slice(pair.lineEnd);
  const statement = `${key} = ${format(value)}`;
  if (pair !== undefined) return text.slice(0, pair.start) + statement + text.slice(pair.end);
  const eol = lineEndOf(text);
  const at = (pairs.at(-1) ?? header)?.lineEnd ?? text.length;
  return `${text.slice(0, at)}${text.slice(0, at).endsWith("\n") ? "" : eol}${statement}${eol}${text.slice(at)}`;
}

/** Takes away the table and those in it, each with one blank line; comments behind their last key stay. */
function withoutTables(text: string, { table, name }: Place): string {
  const statements = findStatements(text);
  let rest = text;
  for (const [at, statement] of [...statements.entries()].reverse()) {
    if (!isHeaderOf(text, statement, [table, name], true)) continue;
    const behind = statements.slice(at + 1);
    const next = behind.findIndex(({ kind }) => kind === "header");
    const last = (next === -1 ? behind : behind.slice(0, next)).at(-1) ?? statement;
    const gap = /(?<=\n)\r?\n$/.exec(text.slice(0, statement.start))?.[0].length ?? 0;
    rest = rest.slice(0, statement.start - gap) + rest.slice(last.lineEnd);
  }
  return rest;
}

/** A value of an entry as TOML, whose short strings escape what those of JSON do, and one character more. */
function format(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(format).join(", ")}]`;
  if (!isTable(value)) return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
  const members = Object.entries(value).map(([key, member]) => `${format(key)} = ${format(member)}`);
  return `{ ${members.join(", ")} }`;
}
