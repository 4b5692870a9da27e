import fc from "fast-check";
import { callerKinds, type Effect, effects, type Question, targetKinds, targetOwnerships } from "../question.ts";
import type { Rule } from "../rule.ts";
import { verdicts } from "../verdict.ts";

/** A catalogue to ask about. */
export const operations: readonly { readonly name: string; readonly effect: Effect }[] = [
  { name: "look", effect: "read" },
  { name: "list", effect: "read" },
  { name: "make", effect: "mutate" },
  { name: "move", effect: "mutate" },
  { name: "drop", effect: "destroy" },
];

// Few and short texts, so that globs and facts meet often.
const text = fc.constantFrom("a", "b", "ab", "a/b", "ba", "aab");
const glob = fc.constantFrom("a", "b", "ab", "a*", "*b", "a?", "*", "?", "a/*", "*a*b");
const operationGlob = fc.constantFrom("*", "l*", "m*", "look", "make", "drop", "m??e", "unknown");

const oneOrMore = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof(value, fc.uniqueArray(value, { minLength: 1, maxLength: 3 }));
const globs = oneOrMore(glob);
const list = fc.oneof({ weight: 1, arbitrary: fc.boolean() }, { weight: 2, arbitrary: globs });
const asked = fc.uniqueArray(text, { maxLength: 2 });

/** Any question about an operation of the catalogue. */
export const question: fc.Arbitrary<Question> = fc
  .record(
    {
      known: fc.constantFrom(...operations),
      engine: text,
      callerKind: fc.constantFrom(...callerKinds),
      callerName: text,
      targetKind: fc.constantFrom(...targetKinds),
      targetOwnership: fc.constantFrom(...targetOwnerships),
      targetOwner: text,
      targetName: text,
      targetImage: text,
      network: text,
      egress: fc.boolean(),
      hostPaths: asked,
      ports: asked,
      volumes: asked,
      profile: text,
      image: text,
      registry: text,
      builds: fc.boolean(),
      secrets: fc.boolean(),
      otherOwners: fc.boolean(),
      cpus: fc.nat({ max: 4 }),
      memoryBytes: fc.nat({ max: 4 }),
      pids: fc.nat({ max: 4 }),
    },
    { requiredKeys: ["known", "engine", "callerKind", "callerName", "targetKind", "targetOwnership"] },
  )
  .map(({ known, ...facts }) => ({ operation: known.name, effect: known.effect, ...facts }));

const matchers = {
  operation: oneOrMore(operationGlob),
  effect: oneOrMore(fc.constantFrom(...effects)),
  engine: globs,
  callerKind: oneOrMore(fc.constantFrom(...callerKinds)),
  callerName: globs,
  targetKind: oneOrMore(fc.constantFrom(...targetKinds)),
  targetOwnership: oneOrMore(fc.constantFrom(...targetOwnerships)),
  targetOwner: globs,
  targetName: globs,
  targetImage: globs,
  network: globs,
  egress: fc.boolean(),
  hostPaths: list,
  ports: list,
  volumes: list,
  profile: globs,
  image: globs,
  registry: globs,
  builds: fc.boolean(),
  secrets: fc.boolean(),
  otherOwners: fc.boolean(),
  cpusAbove: fc.nat({ max: 4 }),
  memoryAbove: fc.constantFrom("1b", "2b", "3b"),
  pidsAbove: fc.nat({ max: 4 }),
} satisfies { [Name in Exclude<keyof Rule, "name" | "decision" | "reason">]-?: fc.Arbitrary<Rule[Name]> };

type Matchers = { -readonly [Name in keyof typeof matchers]?: Rule[Name] };

/** Rules with up to three matchers each, so that one in a few matches. */
export const rules: fc.Arbitrary<readonly Rule[]> = fc
  .array(
    fc.record({
      names: fc.uniqueArray(fc.constantFrom(...(Object.keys(matchers) as (keyof Matchers)[])), { maxLength: 3 }),
      all: fc.record(matchers),
      decision: fc.constantFrom(...verdicts),
    }),
    { maxLength: 8 },
  )
  .map((drafts) =>
    drafts.map(({ names, all, decision }, at) => ({
      name: `rule-${at}`,
      ...Object.fromEntries(names.map((name) => [name, all[name]])),
      decision,
      reason: `Reason ${at}.`,
    })),
  );
