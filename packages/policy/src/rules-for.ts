import { compileGlob } from "./glob.ts";
import { toList } from "./matcher.ts";
import type { Question } from "./question.ts";
import type { Rule } from "./rule.ts";

/** A rule as a caller may see it, to whose calls it applies: without what it says of callers, who may be others. */
export type RuleForCaller = Omit<Rule, "callerKind" | "callerName">;

/** The rules that could decide about the calls of one caller, in their order. */
export function rulesFor(
  rules: readonly Rule[],
  caller: Pick<Question, "callerKind" | "callerName">,
): readonly RuleForCaller[] {
  return rules
    .filter(
      ({ callerKind = caller.callerKind, callerName = "*" }) =>
        toList(callerKind).includes(caller.callerKind) &&
        toList(callerName).some((glob) => compileGlob(glob)(caller.callerName)),
    )
    .map(({ callerKind: _kind, callerName: _name, ...shown }) => shown);
}
