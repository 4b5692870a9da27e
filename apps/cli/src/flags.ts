import type { Operation } from "@cos/control-plane";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type FieldShape, toFieldShape } from "./field-shape.ts";
import type { Words } from "./words.ts";

/**
 * Gives a command the flags and positionals of an operation's input. Values are only brought into the right JSON
 * type here; whether they are right is for the operation to say.
 */
export function addFlags(command: Command, operation: Operation, words: Words): void {
  const { positionals = [], rest, help = {}, texts = [] } = words;
  for (const [field, schema] of Object.entries(operation.input.shape)) {
    const read = toFieldShape(schema as Operation["input"]);
    const kind = texts.includes(field) ? "list" : read.kind;
    const shape = { ...read, kind, description: help[field] ?? read.description };
    if (positionals.includes(field)) command.argument(`[${toKebab(field)}]`, shape.description);
    else command.addOption(toOption(field, shape, spellingOf(field, words, shape.isOn)));
  }
  const shown = positionals.map((field) => `[${toKebab(field)}]`);
  command.usage(["[options]", ...shown, ...(rest === undefined ? [] : [`[-- ${toKebab(rest)}...]`])].join(" "));
}

/**
 * The operation's input, as the parsed command line says it.
 *
 * @param after what stands after `--`.
 */
export function toInput(
  command: Command,
  { positionals = [], rest }: Words,
  after: readonly string[],
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    const field = fieldOf.get(option);
    if (field !== undefined && value !== undefined) input[field] = value;
  }
  positionals.forEach((field, index) => {
    const value: unknown = command.processedArgs[index];
    if (value !== undefined) input[field] = value;
  });
  if (after.length === 0) return input;
  if (rest === undefined) command.error("error: this command takes nothing after --");
  else if (input[rest] !== undefined) command.error(`error: give the ${rest} by a flag or after --, not both`);
  else input[rest] = [...after];
  return input;
}

/** How a field is given on the command line, e.g. `-e, --env`. */
function spellingOf(field: string, { flags = {} }: Words, isOn = false): string {
  return flags[field] ?? `--${isOn ? "no-" : ""}${toKebab(field)}`;
}

/**
 * Text about an operation's input as somebody at the command line reads it: timeoutSeconds becomes `--timeout`. A name
 * that is an ordinary word, such as `base`, is replaced where it stands in backquotes.
 */
export function inFlagWords(text: string, operation: Operation, words: Words): string {
  const fields = Object.keys(operation.input.shape);
  return fields.reduce((said, field) => {
    const pattern = /[A-Z]/.test(field) ? `\`${field}\`|\\b${field}\\b` : `\`${field}\``;
    return said.replaceAll(new RegExp(pattern, "g"), nameOf(field, words));
  }, text);
}

/** What is wrong with a field of an operation's input. */
export interface InputIssue {
  readonly path: string;
  readonly message: string;
}

/** What is wrong with an input, each issue with the flag or positional that it is about. */
export function toFlagIssues(issues: readonly InputIssue[], operation: Operation, words: Words): string {
  const said = issues.map(({ path, message }) => {
    const [, field = "", rest = ""] = /^([A-Za-z]+)(?:\[\d+\])?\.?(.*)$/.exec(path) ?? [];
    if (!(field in operation.input.shape)) return path === "" ? message : `${path}: ${message}`;
    return `${[nameOf(field, words), rest].filter((part) => part !== "").join(" ")}: ${message}`;
  });
  return inFlagWords(said.join("\n     "), operation, words);
}

/** The long flag of a field; a positional goes by its own name. */
function nameOf(field: string, words: Words): string {
  if (words.positionals?.includes(field) === true) return toKebab(field).toUpperCase();
  return spellingOf(field, words).split(", ").at(-1) ?? field;
}

const fieldOf = new WeakMap<Option, string>();
const choicesOf = new WeakMap<Option, readonly string[]>();

/** The field of an operation's input that an option gives, if it gives one. */
export function toField(option: Option): string | undefined {
  return fieldOf.get(option);
}

/** The values that the field of an option can have, where they can be listed. */
export function toChoices(option: Option): readonly string[] {
  return choicesOf.get(option) ?? [];
}

const placeholders = {
  flag: "",
  number: " <number>",
  text: " <value>",
  list: " <value>",
  pairs: " <name=value>",
  objects: " <key=value,...>",
};

function toOption(field: string, shape: FieldShape, spelling: string): Option {
  const choices = shape.choices.length === 0 ? "" : ` (${shape.choices.join("|")})`;
  const preset = shape.preset === undefined ? "" : ` [${shape.preset}]`;
  const placeholder = shape.kind === "number" && field.endsWith("Seconds") ? " <seconds>" : placeholders[shape.kind];
  const option = new Option(`${spelling}${placeholder}`, `${shape.description}${choices}${preset}`.trim());
  const parser = parserOf(shape);
  if (parser !== undefined) option.argParser(parser);
  fieldOf.set(option, field);
  choicesOf.set(option, shape.choices);
  return option;
}

type Parser = (value: string, previous: unknown) => unknown;

function parserOf({ kind, members }: FieldShape): Parser | undefined {
  switch (kind) {
    case "number":
      return toNumber;
    case "list":
      return (value, previous) => [...asArray(previous), value];
    case "pairs":
      return addPair;
    case "objects":
      return (value, previous) => [...asArray(previous), toObject(value, members)];
    default:
      return undefined;
  }
}

function toNumber(value: string): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number)) throw new InvalidArgumentError("expected a number");
  return number;
}

/** `NAME=value`; a bare `NAME` takes the value of cos's own environment, as in Docker. */
function addPair(pair: string, previous: unknown): Record<string, string> {
  const at = pair.indexOf("=");
  const name = at === -1 ? pair : pair.slice(0, at);
  const value = at === -1 ? process.env[pair] : pair.slice(at + 1);
  if (value === undefined)
    throw new InvalidArgumentError(`expected name=value; there is no variable ${name} to take a value from`);
  return { ...(previous as Record<string, string> | undefined), [name]: value };
}

/** Docker's way of writing a small object: `type=volume,name=data,target=/data,readonly`. */
function toObject(text: string, members: FieldShape["members"]): Record<string, unknown> {
  return Object.fromEntries(
    text.split(",").map((part): [string, unknown] => {
      const at = part.indexOf("=");
      const key = toMember(at === -1 ? part : part.slice(0, at), members);
      const value = at === -1 ? "true" : part.slice(at + 1);
      if (members[key] === "number") return [key, toNumber(value)];
      const truth = { true: true, "1": true, false: false, "0": false }[value];
      return [key, members[key] === "flag" ? (truth ?? value) : value];
    }),
  );
}

/** A key as the schema spells it: `readonly` and `read-only` mean `readOnly`. */
function toMember(key: string, members: FieldShape["members"]): string {
  const plain = (name: string) => name.replaceAll("-", "").toLowerCase();
  return Object.keys(members).find((name) => plain(name) === plain(key)) ?? key;
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function toKebab(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
