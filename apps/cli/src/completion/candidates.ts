import type { Argument, Command, Option } from "commander";
import { toChoices, toField } from "../flags.ts";
import { toProgram } from "../program.ts";
import { findEngines } from "../session.ts";

/** Something that the word under the cursor could become. */
export interface Candidate {
  readonly value: string;
  /** What it is, on one line. */
  readonly description: string;
}

/** Looks up what the engine has of a kind, such as `container`. Empty for kinds that it does not list. */
export type FindNames = (kind: string) => Promise<readonly Candidate[]>;

/**
 * What the last word of a command line could become. Nothing where only files make sense, and behind `--`.
 *
 * @param words what stands behind `cos`; the last one is under the cursor, and may be empty.
 */
export async function findCandidates(words: readonly string[], findNames: FindNames): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  if (before.includes("--")) return [];
  const place = findPlace(
    await toProgram({
      rest: [],
      engines: await findEngines().catch(() => []),
      exit: () => {},
      wanted: before[0] ?? "",
    }),
    before,
  );
  const all = await candidatesAt(place, current, findNames);
  return all.filter(({ value }) => value.startsWith(current));
}

/** Where on a command line the cursor is. */
interface Place {
  readonly command: Command;
  /** The option whose value is to come. */
  readonly option: Option | undefined;
  /** The argument that is to come, if there is to be one. */
  readonly argument: Argument | undefined;
  /** Whether something stands there that is no command. */
  readonly lost: boolean;
}

function findPlace(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let given = 0;
  for (const word of words) {
    if (option !== undefined) option = undefined;
    else if (word.startsWith("-")) option = findOption(command, word);
    else {
      const inner = command.commands.find((sub) => sub.name() === word);
      if (inner === undefined) given++;
      else [command, given] = [inner, 0];
    }
  }
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[given] ?? (last?.variadic === true ? last : undefined);
  return { command, option, argument, lost: given > 0 && command.commands.length > 0 };
}

/** The option that takes the next word as its value. */
function findOption(command: Command, word: string): Option | undefined {
  if (word.includes("=")) return undefined;
  const letter = /^-[^-]*(.)$/.exec(word)?.[1];
  return command.options.find(
    ({ long, short, required }) => required && (long === word || (letter !== undefined && short === `-${letter}`)),
  );
}

async function candidatesAt(
  { command, option, argument, lost }: Place,
  current: string,
  findNames: FindNames,
): Promise<readonly Candidate[]> {
  if (lost) return [];
  if (option !== undefined) return await valuesOf(option, findNames);
  const [flag, value] = current.split("=", 2);
  if (current.startsWith("--") && value !== undefined) {
    const named = command.options.find(({ long, required }) => required && long === flag);
    const values = named === undefined ? [] : await valuesOf(named, findNames);
    return values.map((candidate) => ({ ...candidate, value: `${flag}=${candidate.value}` }));
  }
  if (current.startsWith("-")) {
    const help = { value: "--help", description: "Show help." };
    return [...command.options.filter(({ hidden }) => !hidden).map(toCandidate), help];
  }
  if (command.commands.length > 0) {
    return command.commands.map((sub) => ({ value: sub.name(), description: sub.summary() || sub.description() }));
  }
  if (argument === undefined) return [];
  return fixed(argument.argChoices) ?? (await findNames(argument.name()));
}

/** Values of options beside the names that the engine has. */
const always: Readonly<Record<string, readonly string[]>> = { network: ["none", "bridge"] };

async function valuesOf(option: Option, findNames: FindNames): Promise<readonly Candidate[]> {
  const field = toField(option) ?? option.attributeName();
  const choices = fixed(option.argChoices ?? toChoices(option));
  return choices ?? [...(fixed(always[field]) ?? []), ...(await findNames(field))];
}

function fixed(choices: readonly string[] | undefined): readonly Candidate[] | undefined {
  return choices === undefined || choices.length === 0
    ? undefined
    : choices.map((value) => ({ value, description: "" }));
}

function toCandidate({ long, short, description }: Option): Candidate {
  return { value: long ?? short ?? "", description };
}
