import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definePolicy } from "./define-policy.ts";
import { findUnreachable } from "./reachability.ts";
import { targetKinds, targetOwnerships } from "./question.ts";
import type { Rule } from "./rule.ts";
import * as arbitrary from "./testing/arbitraries.ts";

const operations = [
  { name: "container_run", effect: "mutate" },
  { name: "container_rm", effect: "destroy" },
  { name: "container_list", effect: "read" },
  { name: "image_list", effect: "read" },
  { name: "gc", effect: "destroy" },
] as const;

/** Rules named a, b, c and so on; they allow unless they say otherwise. */
function toRules(...matchers: readonly Partial<Rule>[]): readonly Rule[] {
  return matchers.map((matcher, at) => ({ name: "abcdefghij"[at] ?? "", reason: "x", decision: "allow", ...matcher }));
}

/** What is found, as `rule<earlier,earlier`. */
function found(...matchers: readonly Partial<Rule>[]): readonly string[] {
  const findings = findUnreachable(definePolicy(toRules(...matchers)), { operations });
  return findings.map(({ rule, by = [] }) => `${rule}<${by.join(",")}`);
}

describe("a rule never decides", () => {
  test("when a rule before it matches all that it does", () => {
    expect(
      findUnreachable(definePolicy(toRules({ effect: "read" }, { operation: "container_list" })), { operations }),
    ).toEqual([
      {
        rule: "b",
        kind: "shadowed",
        by: ["a"],
        message: "b never decides: what it matches is decided before it, by a.",
      },
    ]);
  });

  test("when there is no operation that it could match", () => {
    expect(findUnreachable(definePolicy(toRules({ operation: "container_runs" })), { operations })).toEqual([
      { rule: "a", kind: "matches-nothing", message: "a matches no operation." },
    ]);
    expect(
      found(
        { operation: "container_list", effect: "destroy" },
        { operation: "image_*", effect: ["mutate", "destroy"] },
      ),
    ).toEqual(["a<", "b<"]);
  });

  test.each<[string, Partial<Rule>[], string[]]>([
    ["after one without matchers", [{}, { operation: "gc" }], ["b<a"]],
    ["after one for the same calls", [{ operation: "gc" }, { operation: "gc", decision: "deny" }], ["b<a"]],
    [
      "after two that share its operations",
      [
        { operation: "container_*" },
        { operation: "*_list" },
        { operation: ["gc", "image_list"] },
        { operation: ["image_list", "container_run"] },
      ],
      ["d<a,b"],
    ],
    ["after one for every effect", [{ effect: "read" }, { effect: "mutate" }, { effect: "destroy" }, {}], ["d<a,b,c"]],
    [
      "after one for each kind of caller",
      [
        { callerKind: ["stdio", "http"] },
        { callerKind: ["terminal", "script"] },
        { callerKind: "reaper" },
        { operation: "gc" },
      ],
      ["d<a,b,c"],
    ],
    [
      "after one for each of its targets",
      [{ targetKind: "image" }, { targetKind: "volume" }, { targetKind: ["volume", "image"] }],
      ["c<a,b"],
    ],
    [
      "after one for each ownership",
      [{ targetOwnership: ["own", "none"] }, { targetOwnership: ["other", "unmanaged"] }, {}],
      ["c<a,b"],
    ],
    [
      "after yes and no of a fact that it needs",
      [{ egress: true }, { egress: false, operation: "container_*" }, { egress: false, operation: "container_run" }],
      ["c<b"],
    ],
    ["after a list was asked for or not", [{ ports: true }, { ports: false }, { ports: "80:*" }], ["c<a"]],
    [
      "after the same, whatever is decided",
      [
        { engine: "a*", decision: "confirm" },
        { engine: "ab", decision: "approve" },
      ],
      ["b<a"],
    ],
    [
      "after any path was",
      [{ hostPaths: ["/srv", "*"] }, { hostPaths: "/srv/*" }, { hostPaths: true }],
      ["b<a", "c<a"],
    ],
    ["after the same glob", [{ engine: "prod-*" }, { engine: "prod-*", effect: "read" }], ["b<a"]],
    ["after a wider glob", [{ image: "docker.io/*" }, { image: ["docker.io/library/*", "docker.io/a"] }], ["b<a"]],
    ["after globs that share its own", [{ image: ["a*", "b*"] }, { image: ["b1", "a?"] }], ["b<a"]],
    ["after a lower limit", [{ cpusAbove: 1 }, { cpusAbove: 2 }], ["b<a"]],
    ["after a lower size", [{ memoryAbove: "1g" }, { memoryAbove: "1024m" }, { memoryAbove: "2g" }], ["b<a", "c<a"]],
    ["after lists of paths that share its own", [{ hostPaths: ["/a/*", "/b/*"] }, { hostPaths: "/a/b/*" }], ["b<a"]],
    [
      "after a denial of some path of its own",
      [
        { decision: "deny", hostPaths: "/a/*" },
        { decision: "confirm", hostPaths: "/a/b" },
      ],
      ["b<a"],
    ],
  ])("%s", (_, rules, expected) => {
    expect(found(...rules)).toEqual(expected);
  });
});

test("the one rule that is enough is named rather than several", () => {
  expect(found({ operation: "gc" }, { effect: ["destroy", "read"] }, { operation: ["gc", "image_list"] })).toEqual([
    "c<b",
  ]);
});

describe("a rule is left alone", () => {
  test.each<[string, Partial<Rule>[]]>([
    ["when it is first", [{}]],
    ["when a rule before it matches other calls", [{ operation: "gc" }, { effect: "read" }]],
    [
      "when a rule before it matches some of its calls",
      [{ operation: "container_*", effect: "read" }, { operation: "container_*" }],
    ],
    ["when it also matches calls that lack a fact", [{ egress: true }, { egress: false }, {}]],
    ["when it also matches calls that say nothing of ports", [{ ports: true }, { ports: false }, {}]],
    ["when it has no glob where one before it has", [{ targetName: "*" }, {}]],
    ["when its glob is wider", [{ engine: "prod" }, { engine: "prod*" }]],
    ["when one of its globs is another", [{ engine: "a*" }, { engine: ["ab", "b"] }]],
    ["when it looks at another fact", [{ image: "a" }, { registry: "a" }]],
    ["when its limit is lower", [{ cpusAbove: 2 }, { cpusAbove: 1 }]],
    ["when it has no limit", [{ pidsAbove: 0 }, {}]],
    [
      "when it holds for a part of the paths, which one before it does not decide",
      [
        { decision: "confirm", hostPaths: "/a/*" },
        { decision: "approve", hostPaths: "/a/*" },
      ],
    ],
    ["when it is asked about any path and one before it about some", [{ hostPaths: "/a/*" }, { hostPaths: true }]],
    ["when it is asked about no path and one before it about some", [{ hostPaths: "/a/*" }, { hostPaths: false }]],
  ])("%s", (_, rules) => {
    expect(found(...rules)).toEqual([]);
  });
});

test("a rule that is reported decides no question", () => {
  fc.assert(
    fc.property(arbitrary.rules, fc.array(arbitrary.question, { minLength: 10, maxLength: 10 }), (rules, questions) => {
      const policy = definePolicy(rules);
      const unreachable = findUnreachable(policy, { operations: arbitrary.operations }).map(({ rule }) => rule);
      const deciding = questions.map((question) => policy.decide(question).rule);
      expect(unreachable.filter((name) => deciding.includes(name))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("leaving out the rules that are reported changes no decision", () => {
  fc.assert(
    fc.property(arbitrary.rules, arbitrary.question, (rules, question) => {
      const policy = definePolicy(rules);
      const unreachable = new Set(
        findUnreachable(policy, { operations: arbitrary.operations }).map(({ rule }) => rule),
      );
      const without = definePolicy(rules.filter(({ name }) => !unreachable.has(name)));
      expect(without.decide(question)).toEqual(policy.decide(question));
    }),
    { numRuns: 300 },
  );
});

test("a policy that is too tangled to look through in time is left alone", () => {
  const flags = ["egress", "builds", "secrets", "otherOwners", "hostPaths", "ports", "volumes"] as const;
  const flag = (at: number) => flags[at % 7] ?? "egress";
  const someOf = <Value>(values: readonly Value[], isIn: (index: number) => boolean) =>
    values.filter((_, index) => isIn(index));
  // Each rule matches a part of what those before it left, in many dimensions.
  const tangle = Array.from({ length: 40 }, (_, at): Partial<Rule> => ({
    [flag(at)]: at % 2 === 0,
    [flag(at + 1 + (at % 3))]: at % 3 === 0,
    [flag(at + 4 + (at % 2))]: at % 5 === 0,
    targetKind: someOf(targetKinds, (index) => (at + index) % 3 > 0),
    targetOwnership: someOf(targetOwnerships, (index) => (at * 3 + index) % 4 > 0),
    operation: someOf(operations, (index) => (at * 7 + index) % 5 > 1).map(({ name }) => name),
  }));
  const all: Partial<Rule>[] = [{ callerKind: ["stdio", "http"] }, { callerKind: ["terminal", "script", "reaper"] }];
  const find = (...matchers: readonly Partial<Rule>[]) => {
    const rules = matchers.map((matcher, at): Rule => ({ name: `r${at}`, decision: "deny", reason: "x", ...matcher }));
    return findUnreachable(definePolicy(rules), { operations }).map(({ rule }) => rule);
  };
  expect(find(...tangle.slice(0, 20), ...all, {})).toContain("r22");
  expect(find(...tangle, ...all, {})).not.toContain("r42");
});

test("many rules with many facts are looked at in bounded time", () => {
  const flags = ["egress", "builds", "secrets", "otherOwners", "hostPaths", "ports", "volumes"] as const;
  const rules = Array.from({ length: 300 }, (_, at): Rule => ({
    name: `rule-${at}`,
    ...Object.fromEntries(flags.map((flag, bit) => [flag, ((at >> bit) & 1) === 1])),
    decision: "deny",
    reason: "x",
  }));
  const findings = findUnreachable(definePolicy(rules), { operations });
  expect(findings.map(({ rule }) => rule)).toEqual(rules.slice(128).map(({ name }) => name));
});
