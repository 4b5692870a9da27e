import { CosError } from "@cos/core";

/** One instruction of a Dockerfile, its continuation lines joined. */
export interface Instruction {
  /** In upper case, e.g. `FROM`. */
  readonly name: string;
  readonly rest: string;
  /** The number of lines before it. */
  readonly line: number;
}

/** The instructions of a Dockerfile, without comments and blank lines. */
export function readInstructions(text: string): Instruction[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const escape = escapeCharacter(lines);
  const instructions: Instruction[] = [];
  let pending = "";
  let start: number | undefined;
  const finish = (text: string) => {
    const match = /^\s*(\S+)\s*(.*)$/s.exec(text);
    if (match?.[1] !== undefined)
      instructions.push({ name: match[1].toUpperCase(), rest: match[2] ?? "", line: start ?? 0 });
    pending = "";
    start = undefined;
  };
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    start ??= index;
    const ending = line.trimEnd();
    if (ending.endsWith(escape)) pending += ending.slice(0, -1);
    else finish(pending + line);
  }
  finish(pending);
  return instructions;
}

/** The character that continues a line: the backslash, unless a directive at the top says otherwise. */
function escapeCharacter(lines: readonly string[]): string {
  for (const line of lines) {
    const directive = /^\s*#\s*([a-z]+)\s*=\s*(\S+)\s*$/i.exec(line);
    if (directive === null) break;
    if (directive[1]?.toLowerCase() === "escape") return directive[2] === "`" ? "`" : "\\";
  }
  return "\\";
}

/** What a Dockerfile builds up to the stage that is asked for. */
export interface Stages {
  /** Its text without the stages that follow. */
  readonly text: string;
  /** The images that it starts or copies from. */
  readonly bases: readonly string[];
  /** Those that only the builder can tell, e.g. because a variable has no value. */
  readonly unknown: readonly string[];
}

/**
 * The stages of a Dockerfile.
 *
 * @param values build arguments.
 * @param target name or number of the last stage to build; all when absent.
 */
export function readStages(text: string, values: Readonly<Record<string, string>> = {}, target?: string): Stages {
  const bases = new Set<string>();
  const unknown = new Set<string>();
  const stages: string[] = [];
  const variables = new Map<string, string>();
  for (const { name, rest, line } of readInstructions(text)) {
    if (name === "ARG" && stages.length === 0) declare(variables, rest, values);
    const copied = name === "COPY" ? /^(?:--\S+\s+)*--from=(\S+)/.exec(rest)?.[1] : undefined;
    if (copied !== undefined && !/^[0-9]+$/.test(copied) && !stages.includes(copied.toLowerCase())) bases.add(copied);
    if (name !== "FROM") continue;
    if (target !== undefined && (stages.includes(target.toLowerCase()) || stages.length > Number(target))) {
      const before = text.split("\n").slice(0, line);
      return { text: `${before.join("\n")}\n`, bases: [...bases], unknown: [...unknown] };
    }
    const [written = "", as, stage] = rest
      .trim()
      .split(/\s+/)
      .filter((word) => !word.startsWith("--"));
    const base = expand(written, variables);
    if (base === undefined) unknown.add(written);
    else if (base !== "scratch" && !stages.includes(base.toLowerCase())) bases.add(base);
    stages.push(as?.toLowerCase() === "as" && stage !== undefined ? stage.toLowerCase() : "");
  }
  return { text, bases: [...bases], unknown: [...unknown] };
}

/**
 * Labels as one instruction; as parameters of the build, each of them would be a step of its own.
 *
 * @param text the Dockerfile that it is appended to, which says how characters are escaped in it.
 * @throws CosError `internal` for what cannot stand on one line.
 */
export function toLabelInstruction(labels: Readonly<Record<string, string>>, text: string): string {
  const escape = escapeCharacter(text.replace(/^\uFEFF/, "").split(/\r?\n/));
  const special = `"$${escape}`;
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!/^[a-z0-9._-]+$/.test(name) || /[\p{Cc}\u2028\u2029]/u.test(value))
      throw new CosError("internal", `The label ${name} cannot stand in a Dockerfile.`);
    const escaped = Array.from(value, (character) => (special.includes(character) ? escape + character : character));
    return `${name}="${escaped.join("")}"`;
  });
  return `LABEL ${pairs.join(" ")}\n`;
}

function declare(variables: Map<string, string>, rest: string, values: Readonly<Record<string, string>>): void {
  for (const [, name = "", quoted] of rest.matchAll(/([A-Za-z_][A-Za-z0-9_]*)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const value = Object.hasOwn(values, name) ? values[name] : quoted?.replace(/^(["'])(.*)\1$/, "$2");
    if (value !== undefined) variables.set(name, expand(value, variables) ?? value);
  }
}

/** Puts variables in; undefined when one has no value. */
function expand(text: string, variables: ReadonlyMap<string, string>): string | undefined {
  let complete = true;
  const expanded = text.replace(
    /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\})/g,
    (_match, plain: string | undefined, braced: string | undefined, fallback: string | undefined) => {
      const value = variables.get(plain ?? braced ?? "") || fallback;
      if (value === undefined) complete = false;
      return value ?? "";
    },
  );
  return complete && !expanded.includes("$") ? expanded.replace(/^(["'])(.*)\1$/, "$2") : undefined;
}
