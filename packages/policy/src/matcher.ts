import { parseByteSize } from "@cos/core";
import { compileGlob } from "./glob.ts";
import type { Question } from "./question.ts";
import type { Rule } from "./rule.ts";

export type MatcherName = Exclude<keyof Rule, "name" | "decision" | "reason">;

/** How each matcher of a rule reads the fact of the same name. */
export const matcherForms = {
  operation: "glob",
  effect: "enum",
  engine: "glob",
  callerKind: "enum",
  callerName: "glob",
  targetKind: "enum",
  targetOwnership: "enum",
  targetOwner: "glob",
  targetName: "glob",
  targetImage: "glob",
  network: "glob",
  egress: "flag",
  hostPaths: "list",
  ports: "list",
  volumes: "list",
  profile: "glob",
  image: "glob",
  registry: "glob",
  builds: "flag",
  secrets: "flag",
  otherOwners: "flag",
  cpusAbove: "above",
  memoryAbove: "above",
  pidsAbove: "above",
} as const satisfies Record<MatcherName, "glob" | "enum" | "flag" | "list" | "above">;

type MatcherForm = (typeof matcherForms)[MatcherName];

/** In the order of a rule's fields. */
export const matcherNames = Object.keys(matcherForms) as readonly MatcherName[];

/** A matcher's globs or values as a list. */
export function toList<Value extends string>(value: Value | readonly Value[]): readonly Value[] {
  return typeof value === "string" ? [value] : value;
}

/** How a rule fared with a question. */
export interface Fit {
  /** The first matcher that does not match; undefined when all do. */
  readonly mismatch?: MatcherName | undefined;
  /** Set when all matchers match, but some of them only a part of what is asked for; the first of these is the mismatch. */
  readonly partly?: true | undefined;
}

/** Whether a matcher matches; of several things that are asked for it may match some. */
type Extent = boolean | "some";

/** Makes a rule's matchers ready to be used many times. */
export function compileRule(rule: Rule): (question: Question) => Fit {
  const tests = matcherNames.flatMap((name) => {
    const wanted = rule[name];
    if (wanted === undefined) return [];
    return [
      { name, fact: otherFacts[name] ?? (name as keyof Question), test: compileMatcher(matcherForms[name], wanted) },
    ];
  });
  return (question) => {
    let partly: MatcherName | undefined;
    for (const { name, fact, test } of tests) {
      const extent = test(question[fact]);
      if (extent === false) return { mismatch: name };
      if (extent === "some") partly ??= name;
    }
    if (partly === undefined) return {};
    return rule.decision === "allow" ? { mismatch: partly } : { mismatch: partly, partly: true };
  };
}

/** The facts that matchers of another name look at. */
const otherFacts: { readonly [Name in MatcherName]?: keyof Question } = {
  cpusAbove: "cpus",
  memoryAbove: "memoryBytes",
  pidsAbove: "pids",
};

/** A test for the fact that a matcher looks at. Facts may be anything: what is not of the expected type does not match. */
function compileMatcher(form: MatcherForm, wanted: NonNullable<Rule[MatcherName]>): (fact: unknown) => Extent {
  if (form === "above") {
    const limit = typeof wanted === "string" ? parseByteSize(wanted) : Number(wanted);
    return (fact) => typeof fact === "number" && fact > limit;
  }
  if (form === "list") return compileList(wanted as boolean | string | readonly string[]);
  // The values of an enum are globs without special characters.
  return typeof wanted === "string" || typeof wanted === "object" ? compileGlobs(wanted) : (fact) => fact === wanted;
}

function compileList(wanted: boolean | string | readonly string[]): (fact: unknown) => Extent {
  if (wanted === false) return (fact) => Array.isArray(fact) && fact.length === 0;
  const test = wanted === true ? () => true : compileGlobs(wanted);
  return (fact) => {
    if (!Array.isArray(fact)) return false;
    const matched = fact.filter(test).length;
    return matched > 0 && (matched === fact.length || "some");
  };
}

function compileGlobs(globs: string | readonly string[]): (fact: unknown) => boolean {
  const tests = toList(globs).map(compileGlob);
  return (fact) => typeof fact === "string" && tests.some((test) => test(fact));
}
