import { posix } from "node:path";
import { CosError } from "@cos/core";

/** Longest ignore file that is read, in characters; with it the work for one path is bounded. */
const maxFileLength = 256 * 1024;

/**
 * One step of a pattern. `run` and `through` together stand for `**` and the slash after it: any number of whole
 * directories, none included.
 */
type Step =
  | { readonly kind: "character"; readonly value: string }
  | { readonly kind: "one" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  | { readonly kind: "star" }
  | { readonly kind: "rest" }
  | { readonly kind: "through" }
  | { readonly kind: "run" };

interface Rule {
  readonly keeps: boolean;
  readonly steps: readonly Step[];
  /** What everything that it matches begins and ends with, so that most paths need no closer look. */
  readonly start: string;
  readonly end: string;
}

/**
 * The rules of a `.dockerignore` file. Patterns are relative to the context's root, the last one that matches a path or
 * a directory above it decides, and `!` takes a path back in. Matching takes time linear in path and pattern, whoever
 * wrote them.
 */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** @throws CosError `invalid_argument` for a malformed pattern, with its line. */
  static parse(text: string): IgnoreRules {
    if (text.length > maxFileLength) throw new CosError("invalid_argument", "The ignore file is longer than 256 KiB.");
    const rules = text
      .replace(/^\uFEFF/, "")
      .split("\n")
      .flatMap((line, index) => toRule(line, index + 1) ?? []);
    return new IgnoreRules(rules);
  }

  /** Whether a path, relative and with `/`, is left out. */
  ignores(path: string): boolean {
    const rule = this.#rules.findLast((rule) => mayMatch(rule, path) && walk(rule.steps, path).matched);
    return rule !== undefined && !rule.keeps;
  }

  /** Whether something below an ignored directory may be taken back in. */
  mayKeepBelow(directory: string): boolean {
    return this.#rules.some(({ keeps, steps }) => keeps && walk(steps, `${directory}/`).alive);
  }
}

function toRule(line: string, number: number): Rule | undefined {
  if (line.startsWith("#")) return undefined;
  const trimmed = line.trim();
  const keeps = trimmed.startsWith("!");
  const text = keeps ? trimmed.slice(1).trim() : trimmed;
  if (text === "") return undefined;
  const cleaned = posix
    .normalize(text)
    .replace(/^\/+(?=.)/, "")
    .replace(/(?<=.)\/$/, "");
  const steps = toSteps(Array.from(cleaned));
  if (steps === undefined) {
    throw new CosError(
      "invalid_argument",
      `Line ${number} of the ignore file is not a pattern: ${JSON.stringify(text.slice(0, 200))}`,
      {
        hint: 'Check its brackets and backslashes; "\\[" stands for a bracket.',
      },
    );
  }
  const literal = steps.map((step) => (step.kind === "character" ? step.value : undefined));
  const [first, last] = [literal.indexOf(undefined), literal.lastIndexOf(undefined)];
  return {
    keeps,
    steps,
    start: literal.slice(0, first === -1 ? undefined : first).join(""),
    end: literal.slice(last + 1).join(""),
  };
}

/** Whether a path, or a directory above it, begins and ends as the rule does. */
function mayMatch({ start, end }: Rule, path: string): boolean {
  return path.startsWith(start) && (path.endsWith(end) || path.includes(`${end}/`));
}

function toSteps(pattern: readonly string[]): Step[] | undefined {
  const steps: Step[] = [];
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at++];
    if (character === "*" && pattern[at] === "*") {
      while (pattern[at] === "*") at++;
      if (pattern[at] === "/") at++;
      if (at === pattern.length) steps.push({ kind: "rest" });
      else steps.push({ kind: "through" }, { kind: "run" });
    } else if (character === "*") steps.push({ kind: "star" });
    else if (character === "?") steps.push({ kind: "one" });
    else if (character === "[") {
      const end = toClass(pattern, at, steps);
      if (end === undefined) return undefined;
      at = end;
    } else {
      const value = character === "\\" ? pattern[at++] : character;
      if (value === undefined) return undefined;
      steps.push({ kind: "character", value });
    }
  }
  return steps;
}

/** Reads what follows `[`; answers with the position after `]`. */
function toClass(pattern: readonly string[], from: number, steps: Step[]): number | undefined {
  let at = from;
  const negated = pattern[at] === "^";
  if (negated) at++;
  const ranges: [string, string][] = [];
  const next = () => (pattern[at] === "\\" ? pattern[(at += 2) - 1] : pattern[at++]);
  while (pattern[at] !== "]" || ranges.length === 0) {
    const low = next();
    if (low === undefined || (low === "]" && pattern[at - 2] !== "\\")) return undefined;
    let high: string | undefined = low;
    if (pattern[at] === "-") {
      at++;
      high = next();
    }
    if (high === undefined) return undefined;
    ranges.push([low, high]);
  }
  steps.push({ kind: "class", negated, ranges });
  return at + 1;
}

/**
 * Follows all ways through a pattern at once. `matched`: it fits the path or a directory above it; `alive`: it could
 * still fit a longer path.
 */
function walk(steps: readonly Step[], path: string): { matched: boolean; alive: boolean } {
  const end = steps.length;
  let now = new Set<number>();
  const enter = (states: Set<number>, state: number) => {
    if (states.has(state)) return;
    states.add(state);
    const kind = steps[state]?.kind;
    if (kind === "star" || kind === "rest") enter(states, state + 1);
    if (kind === "through") {
      enter(states, state + 1);
      enter(states, state + 2);
    }
  };
  enter(now, 0);
  for (const character of path) {
    if (character === "/" && now.has(end)) return { matched: true, alive: true };
    const next = new Set<number>();
    for (const state of now) {
      const step = steps[state];
      if (step === undefined) continue;
      if (step.kind === "run") {
        next.add(state);
        if (character === "/") enter(next, state + 1);
      } else if (step.kind === "star" || step.kind === "rest") {
        if (step.kind === "rest" || character !== "/") enter(next, state);
      } else if (accepts(step, character)) enter(next, state + 1);
    }
    if (next.size === 0) return { matched: false, alive: false };
    now = next;
  }
  return { matched: now.has(end), alive: true };
}

function accepts(step: Step, character: string): boolean {
  switch (step.kind) {
    case "character":
      return step.value === character;
    case "one":
      return character !== "/";
    case "class":
      return (
        character !== "/" && step.ranges.some(([low, high]) => low <= character && character <= high) !== step.negated
      );
    default:
      return false;
  }
}
