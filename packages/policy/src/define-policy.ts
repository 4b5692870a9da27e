import { parseWith } from "@cos/core";
import { compilePolicy, type Policy, type PolicyOptions } from "./policy.ts";
import { type Rule, ruleList } from "./rule.ts";

/**
 * Makes a policy of rules. The first rule that matches decides; when none does, the call is denied.
 *
 * A rule that matches only some of the paths, ports or volumes that a call asks for does not end the search: an `allow`
 * then counts for nothing, and any other decision is the least that happens. So one listed path lends nothing to the
 * unlisted one beside it, and hides nothing either.
 *
 * @throws CosError `invalid_argument` naming each field of a rule that is wrong, unknown ones included, and each name that
 * is there twice.
 */
export function definePolicy(rules: readonly Rule[], options: PolicyOptions = {}): Policy {
  return compilePolicy(parseWith(ruleList, rules, "policy"), options);
}
