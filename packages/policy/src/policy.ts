import { digestOf } from "@cos/core";
import { compileRule } from "./matcher.ts";
import { callerKinds, effects, type Question, targetKinds, targetOwnerships } from "./question.ts";
import type { Rule } from "./rule.ts";
import { defaultName, readOnlyName, type Verdict, verdicts } from "./verdict.ts";

export interface Decision {
  readonly verdict: Verdict;
  /** The name of the rule that decided; `default` when none did. */
  readonly rule: string;
  /** Why, for the caller. */
  readonly reason: string;
}

/** How one rule fared with a question. */
export interface RuleJudgement {
  readonly rule: Rule;
  /** The first matcher that does not match; undefined when all do. */
  readonly mismatch?: string | undefined;
  /**
   * Set when that matcher matches some of what is asked for, and no other stands against the rule. What it decides then is
   * the least that happens.
   */
  readonly partly?: true | undefined;
}

export interface Policy {
  /** SHA-256 over the rules in order. */
  readonly version: string;
  readonly rules: readonly Rule[];
  /** Decides a call. Pure and total: equal questions get equal answers, and nothing is allowed by accident. */
  decide(question: Question): Decision;
  /** Every rule up to and including the first that matches in full, or that nothing could make stricter. */
  explain(question: Question): { readonly decision: Decision; readonly judged: readonly RuleJudgement[] };
}

export interface PolicyOptions {
  /** Puts a rule before all others that denies everything but reads. */
  readonly readOnly?: boolean | undefined;
}

const readOnlyRule: Rule = {
  name: readOnlyName,
  effect: ["mutate", "destroy"],
  decision: "deny",
  reason: "cos runs read-only: it answers questions and changes nothing.",
};

const noRule: Decision = { verdict: "deny", rule: defaultName, reason: "No rule allows this." };

/** Makes a policy of rules that were checked before; see `definePolicy`. */
export function compilePolicy(rules: readonly Rule[], { readOnly = false }: PolicyOptions = {}): Policy {
  const effective = freeze(readOnly ? [readOnlyRule, ...rules] : [...rules]);
  const compiled = effective.map((rule) => ({ rule, fit: compileRule(rule) }));

  const explain: Policy["explain"] = (question) => {
    const judged: RuleJudgement[] = [];
    if (!isClassified(question)) return { decision: noRule, judged };
    let strictest: Rule | undefined;
    for (const { rule, fit } of compiled) {
      const judgement: RuleJudgement = { rule, ...fit(question) };
      judged.push(judgement);
      if (judgement.mismatch !== undefined && judgement.partly === undefined) continue;
      if (strictest === undefined || isStricter(rule, strictest)) strictest = rule;
      if (judgement.mismatch === undefined || rule.decision === "deny") {
        return { decision: toDecision(strictest), judged };
      }
    }
    return { decision: noRule, judged };
  };
  return { version: digestOf(effective), rules: effective, explain, decide: (question) => explain(question).decision };
}

/** Whether the facts with a closed list of values each have one of them; no rule is meant for others. */
function isClassified({ effect, callerKind, targetKind, targetOwnership }: Question): boolean {
  return (
    effects.includes(effect) &&
    callerKinds.includes(callerKind) &&
    targetKinds.includes(targetKind) &&
    targetOwnerships.includes(targetOwnership)
  );
}

function isStricter(one: Rule, other: Rule): boolean {
  return verdicts.indexOf(one.decision) > verdicts.indexOf(other.decision);
}

function toDecision({ name, decision, reason }: Rule): Decision {
  return { verdict: decision, rule: name, reason };
}

function freeze(rules: readonly Rule[]): readonly Rule[] {
  for (const rule of rules) {
    for (const value of Object.values(rule)) Object.freeze(value);
    Object.freeze(rule);
  }
  return Object.freeze(rules);
}
