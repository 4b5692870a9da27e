import { expect, test } from "vitest";
import { defaultRules } from "./default-rules.ts";
import type { Rule } from "./rule.ts";
import { rulesFor } from "./rules-for.ts";

const rule = (name: string, more: Partial<Rule> = {}): Rule => ({ name, decision: "allow", reason: "So.", ...more });

test("a caller sees the rules that could decide about its calls, in their order, and no other caller", () => {
  const rules = [
    rule("all"),
    rule("agents", { callerKind: ["stdio", "http"] }),
    rule("people", { callerKind: "terminal" }),
    rule("bots", { callerName: ["secret-project", "bot-*"] }),
    rule("ann", { callerName: "ann", callerKind: "stdio" }),
    rule("images", { operation: "image_*", targetOwner: "ann" }),
  ];
  expect(rulesFor(rules, { callerKind: "stdio", callerName: "bot-7" })).toEqual([
    rule("all"),
    rule("agents"),
    rule("bots"),
    rule("images", { operation: "image_*", targetOwner: "ann" }),
  ]);
});

test("an agent sees none of the rules for people", () => {
  const names = rulesFor(defaultRules, { callerKind: "http", callerName: "agent" }).map(({ name }) => name);
  expect(names).toContain("agent-reads");
  expect(names.filter((name) => !name.startsWith("agent-"))).toEqual([]);
});
