import { CosError } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definePolicy } from "./define-policy.ts";
import type { Decision, RuleJudgement } from "./policy.ts";
import type { Question } from "./question.ts";
import type { Rule } from "./rule.ts";
import { verdicts } from "./verdict.ts";
import * as arbitrary from "./testing/arbitraries.ts";

const question: Question = {
  operation: "container_run",
  effect: "mutate",
  engine: "local",
  callerKind: "stdio",
  callerName: "agent",
  targetKind: "none",
  targetOwnership: "none",
};

/** A rule with a name and a reason after what it decides. */
function to(decision: Rule["decision"], matchers: Partial<Rule> = {}): Rule {
  return { name: decision, ...matchers, decision, reason: `To ${decision}.` };
}

function matches(matchers: Partial<Rule>, facts: Partial<Question>): boolean {
  return definePolicy([to("allow", matchers)]).decide({ ...question, ...facts }).verdict === "allow";
}

function verdictOf(rules: readonly Rule[], facts: Partial<Question>): string {
  const { verdict, rule } = definePolicy(rules).decide({ ...question, ...facts });
  return `${verdict} by ${rule}`;
}

describe("a policy", () => {
  test("denies what no rule matches", () => {
    const denied: Decision = { verdict: "deny", rule: "default", reason: "No rule allows this." };
    expect(definePolicy([]).decide(question)).toEqual(denied);
    expect(definePolicy([to("allow", { operation: "ping" })]).decide(question)).toEqual(denied);
  });

  test("decides as the first rule that matches says, with its name and reason", () => {
    const rules = [to("deny", { operation: "ping" }), to("confirm", { effect: "mutate" }), to("allow")];
    expect(definePolicy(rules).decide(question)).toEqual({
      verdict: "confirm",
      rule: "confirm",
      reason: "To confirm.",
    });
  });

  test("matches a rule without matchers to every call", () => {
    expect(matches({}, {})).toBe(true);
  });

  test("needs all matchers of a rule to match", () => {
    expect(matches({ operation: "container_run", engine: "local" }, {})).toBe(true);
    expect(matches({ operation: "container_run", engine: "prod" }, {})).toBe(false);
  });

  test("matches no rule to a call that is classified by no known word, not even one that allows everything", () => {
    for (const fact of ["effect", "callerKind", "targetKind", "targetOwnership"] as const) {
      for (const value of ["", "READ", "toString", undefined, null, 0, ["read"]]) {
        const odd = { ...question, [fact]: value } as Question;
        expect(definePolicy([to("allow")]).explain(odd)).toMatchObject({ decision: { rule: "default" }, judged: [] });
      }
    }
  });
});

describe("a matcher", () => {
  test.each([
    ["operation", "operation", "container_*", "container_run", "image_pull"],
    ["effect", "effect", "read", "read", "destroy"],
    ["effect, several", "effect", ["read", "mutate"], "mutate", "destroy"],
    ["engine", "engine", "prod", "prod", "local"],
    ["callerKind", "callerKind", "http", "http", "stdio"],
    ["callerName", "callerName", ["ci-*", "bot"], "bot", "robot"],
    ["targetKind", "targetKind", "volume", "volume", "image"],
    ["targetOwnership", "targetOwnership", ["own", "other"], "other", "unmanaged"],
    ["targetOwner", "targetOwner", "ci", "ci", "user"],
    ["targetName", "targetName", "db-?", "db-1", "db-10"],
    ["targetImage", "targetImage", "docker.io/library/*", "docker.io/library/a:1", "example.com/a:1"],
    ["network", "network", "none", "none", "bridge"],
    ["egress, true", "egress", true, true, false],
    ["egress, false", "egress", false, false, true],
    ["profile", "profile", "strict", "strict", "sandbox"],
    ["image", "image", "*:latest", "docker.io/library/a:latest", "docker.io/library/a:1"],
    ["registry", "registry", "docker.io", "docker.io", "sub.docker.io"],
    ["builds", "builds", true, true, false],
    ["secrets", "secrets", false, false, true],
    ["otherOwners", "otherOwners", true, true, false],
    ["cpusAbove", "cpus", 2, 2.01, 2],
    ["memoryAbove", "memoryBytes", "1k", 1025, 1024],
    ["pidsAbove", "pids", 512, 513, 512],
    ["hostPaths, true", "hostPaths", true, ["/srv"], []],
    ["hostPaths, false", "hostPaths", false, [], ["/srv"]],
    ["hostPaths", "hostPaths", "/srv/*", ["/srv/a", "/srv/b"], ["/etc"]],
    ["ports", "ports", ["8080:*", "9090:*"], ["9090:80", "8080:80"], ["80:80"]],
    ["volumes", "volumes", "cache-*", ["cache-a"], []],
  ])("%s matches its fact, and nothing else or its absence", (title, fact, wanted, good, bad) => {
    const rule = { [title.split(",")[0] ?? ""]: wanted };
    expect(matches(rule, { [fact]: good })).toBe(true);
    expect(matches(rule, { [fact]: bad })).toBe(false);
    const { [fact as keyof Question]: _, ...without } = question;
    expect(definePolicy([to("allow", rule)]).decide(without as Question).verdict).toBe("deny");
  });

  test("does not match a fact of another type, whatever it is", () => {
    const matchers: Partial<Rule>[] = [
      { operation: "*" },
      { egress: false },
      { hostPaths: false },
      { hostPaths: "*" },
      { cpusAbove: 0 },
      { memoryAbove: "1b" },
    ];
    const facts = ["operation", "egress", "hostPaths", "cpus", "memoryBytes"];
    for (const matcher of matchers) {
      for (const value of [null, "0", {}, Number.NaN, { length: 0 }, [1], () => 1, 0n, Symbol("s")]) {
        const odd = Object.fromEntries(facts.map((fact) => [fact, fact === "operation" && value === "0" ? 0 : value]));
        expect(matches(matcher, odd), `${JSON.stringify(matcher)} ${String(value)}`).toBe(false);
      }
    }
  });
});

describe("a rule that matches some of what is asked for", () => {
  const asked = { hostPaths: ["/srv/a", "/etc"] };
  const srv = { hostPaths: "/srv/*" };

  test("does not allow it: one listed path lends nothing to the other", () => {
    expect(verdictOf([to("allow", srv)], asked)).toBe("deny by default");
    expect(verdictOf([to("allow", srv), to("confirm")], asked)).toBe("confirm by confirm");
    expect(verdictOf([to("allow", { hostPaths: ["/srv/*", "/etc"] })], asked)).toBe("allow by allow");
  });

  test("denies it, whatever later rules say", () => {
    expect(verdictOf([to("deny", srv), to("allow")], asked)).toBe("deny by deny");
    expect(definePolicy([to("deny", srv), to("allow")]).explain({ ...question, ...asked }).judged).toHaveLength(1);
  });

  test.each(["confirm", "approve"] as const)(
    "%s is the least that happens: a later rule that allows does not undo it",
    (decision) => {
      expect(verdictOf([to(decision, srv), to("allow")], asked)).toBe(`${decision} by ${decision}`);
      expect(verdictOf([to(decision, srv), to("allow")], { hostPaths: ["/etc"] })).toBe("allow by allow");
    },
  );

  test("hides no stricter rule for the rest", () => {
    const list = [to("confirm", srv), to("deny", { hostPaths: true }), to("allow")];
    expect(verdictOf(list, { hostPaths: ["/srv/a", "/srv/b"] })).toBe("confirm by confirm");
    expect(verdictOf(list, asked)).toBe("deny by deny");
    expect(verdictOf(list, { hostPaths: [] })).toBe("allow by allow");
    expect(verdictOf([to("confirm", srv), to("approve")], asked)).toBe("approve by approve");
    expect(verdictOf([to("confirm", srv)], asked)).toBe("deny by default");
  });

  test("counts only if its other matchers match", () => {
    expect(verdictOf([to("confirm", { ...srv, engine: "prod" }), to("allow")], asked)).toBe("allow by allow");
    expect(verdictOf([to("confirm", { ...srv, ports: "80:*" }), to("allow")], { ...asked, ports: ["1:1"] })).toBe(
      "allow by allow",
    );
    expect(verdictOf([to("confirm", { ...srv, ports: "80:*" }), to("allow")], { ...asked, ports: ["80:1"] })).toBe(
      "confirm by confirm",
    );
  });

  test("keeps its name when a later rule is as strict", () => {
    expect(verdictOf([to("confirm", { ...srv, name: "first" }), to("confirm")], asked)).toBe("confirm by first");
  });
});

describe("an explanation", () => {
  const names = (judged: readonly RuleJudgement[]) =>
    judged.map(({ rule, mismatch, partly }) => [rule.name, mismatch, partly]);

  test("lists every rule up to the one that decides, each with its first matcher that does not match", () => {
    const policy = definePolicy([
      to("deny", { engine: "prod", callerName: "other" }),
      to("approve", { engine: "local", callerName: "other" }),
      to("confirm", { engine: "local" }),
      to("allow"),
    ]);
    const { decision, judged } = policy.explain(question);
    expect(decision).toEqual({ verdict: "confirm", rule: "confirm", reason: "To confirm." });
    expect(names(judged)).toEqual([
      ["deny", "engine", undefined],
      ["approve", "callerName", undefined],
      ["confirm", undefined, undefined],
    ]);
  });

  test("lists all rules when none decides", () => {
    const { decision, judged } = definePolicy([to("allow", { engine: "prod" })]).explain(question);
    expect(decision.rule).toBe("default");
    expect(names(judged)).toEqual([["allow", "engine", undefined]]);
  });

  test("says which rule holds for a part only", () => {
    const policy = definePolicy([
      to("allow", { hostPaths: "/srv/*" }),
      to("confirm", { hostPaths: "/srv/*" }),
      to("approve"),
    ]);
    const { decision, judged } = policy.explain({ ...question, hostPaths: ["/srv/a", "/etc"] });
    expect(decision.rule).toBe("approve");
    expect(names(judged)).toEqual([
      ["allow", "hostPaths", undefined],
      ["confirm", "hostPaths", true],
      ["approve", undefined, undefined],
    ]);
  });
});

describe("read-only", () => {
  const policy = definePolicy([to("allow")], { readOnly: true });

  test("denies everything but reads, before all other rules", () => {
    for (const effect of ["mutate", "destroy"] as const) {
      expect(policy.decide({ ...question, effect })).toEqual({
        verdict: "deny",
        rule: "read-only",
        reason: "cos runs read-only: it answers questions and changes nothing.",
      });
    }
    expect(policy.decide({ ...question, effect: "read" }).verdict).toBe("allow");
    expect(policy.rules.map(({ name }) => name)).toEqual(["read-only", "allow"]);
  });

  test("is off unless it is asked for", () => {
    expect(definePolicy([to("allow")]).decide(question).verdict).toBe("allow");
    expect(definePolicy([to("allow")], { readOnly: false }).decide(question).verdict).toBe("allow");
  });
});

describe("the version", () => {
  const version = (...args: Parameters<typeof definePolicy>) => definePolicy(...args).version;

  test("is the same for the same rules, and another one when a rule, their order or read-only changes", () => {
    const [a, b] = [to("allow", { engine: "a" }), to("deny", { engine: "b" })];
    expect(version([a, b])).toMatch(/^[0-9a-f]{64}$/);
    expect(version([{ ...a }, b])).toBe(version([a, b]));
    const others = [
      version([b, a]),
      version([a]),
      version([{ ...a, reason: "x" }, b]),
      version([a, b], { readOnly: true }),
    ];
    expect(new Set([version([a, b]), ...others]).size).toBe(5);
  });
});

describe("rules that are not valid", () => {
  const refusal = (rules: unknown): CosError => {
    try {
      definePolicy(rules as Rule[]);
    } catch (error) {
      if (CosError.is(error)) return error;
    }
    throw new Error("they were accepted");
  };

  test("are refused, also when they were not read from a file", () => {
    expect(refusal([to("allow", { opration: "gc" } as object)])).toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("opration"),
    });
    expect(refusal([to("allow", { memoryAbove: "lots" })]).message).toContain("[0].memoryAbove");
    expect(refusal([to("allow", { name: "read-only" })]).message).toContain("names of cos's own");
    expect(refusal([to("allow"), to("allow")]).message).toContain("[1].name: there is another rule named allow");
    expect(refusal(null).code).toBe("invalid_argument");
  });
});

test("a policy cannot be changed, neither by its rules nor by what it was made of", () => {
  const engine = ["prod"];
  const given = [to("deny", { engine }), to("allow")];
  const policy = definePolicy(given);
  engine.push("local");
  given.unshift(to("approve"));
  expect(policy.decide(question).verdict).toBe("allow");
  expect(() => (policy.rules as Rule[]).push(to("deny"))).toThrow(TypeError);
  expect(() => Object.assign(policy.rules[0] ?? {}, { decision: "allow" })).toThrow(TypeError);
  expect(() => (policy.rules[0]?.engine as string[] | undefined)?.push("x")).toThrow(TypeError);
});

describe("for all rules and questions", () => {
  test("the first match wins, and a part of a match is the least that happens", () => {
    fc.assert(
      fc.property(arbitrary.rules, arbitrary.question, (rules, question) => {
        expect(definePolicy(rules).decide(question).rule).toBe(toReference(rules, question));
      }),
      { numRuns: 1000 },
    );
  });

  test("deciding is repeatable, changes nothing, and agrees with the explanation", () => {
    fc.assert(
      fc.property(arbitrary.rules, arbitrary.question, fc.boolean(), (rules, question, readOnly) => {
        const policy = definePolicy(rules, { readOnly });
        for (const value of Object.values(question)) Object.freeze(value);
        const decision = policy.decide(Object.freeze(question));
        expect(policy.decide(structuredClone(question))).toEqual(decision);
        expect(definePolicy(structuredClone(rules), { readOnly }).decide(question)).toEqual(decision);
        expect(policy.explain(question).decision).toEqual(decision);
      }),
    );
  });

  test("a rule at the end changes nothing that was decided", () => {
    fc.assert(
      fc.property(arbitrary.rules, arbitrary.question, fc.constantFrom(...verdicts), (rules, question, decision) => {
        const before = definePolicy(rules).decide(question);
        const after = definePolicy([...rules, { name: "last", decision, reason: "Last." }]).decide(question);
        if (before.rule === "default") expect([after.rule, after.verdict]).not.toEqual(["default", "deny"]);
        else expect(after).toEqual(before);
      }),
    );
  });

  test("without a rule that allows, nothing is allowed", () => {
    fc.assert(
      fc.property(arbitrary.rules, arbitrary.question, (rules, question) => {
        const others = rules.filter(({ decision }) => decision !== "allow");
        expect(definePolicy(others).decide(question).verdict).not.toBe("allow");
      }),
    );
  });

  test("read-only never lets anything but a read happen, and decides on reads as before", () => {
    fc.assert(
      fc.property(arbitrary.rules, arbitrary.question, (rules, question) => {
        const decision = definePolicy(rules, { readOnly: true }).decide(question);
        if (question.effect === "read") expect(decision).toEqual(definePolicy(rules).decide(question));
        else expect(decision).toMatchObject({ verdict: "deny", rule: "read-only" });
      }),
    );
  });

  test("whatever the facts are, there is a decision, and none that the rules do not make", () => {
    const facts = fc.record(
      Object.fromEntries(
        ["effect", "operation", "callerKind", "hostPaths", "cpus", "egress"].map((name) => [name, fc.anything()]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(arbitrary.rules, facts, (rules, facts) => {
        const { rule, verdict } = definePolicy(rules).decide({ ...question, ...facts } as Question);
        const decisive = rules.find(({ name }) => name === rule);
        expect(verdict).toBe(decisive?.decision ?? "deny");
      }),
    );
  });
});

/** The name of the rule that decides, found in the most literal way. */
function toReference(rules: readonly Rule[], question: Question): string {
  let least: Rule | undefined;
  const atLeast = (rule: Rule) =>
    least !== undefined && verdicts.indexOf(least.decision) >= verdicts.indexOf(rule.decision) ? least : rule;
  for (const rule of rules) {
    const extents = Object.entries(rule).map(([name, wanted]) => toExtent(name, wanted, question));
    if (extents.includes("none")) continue;
    if (!extents.includes("some")) return atLeast(rule).name;
    if (rule.decision === "allow") continue;
    least = atLeast(rule);
    if (least.decision === "deny") return least.name;
  }
  return "default";
}

function toExtent(name: string, wanted: unknown, question: Question): "all" | "some" | "none" {
  const facts = question as unknown as Readonly<Record<string, unknown>>;
  const fits = (text: unknown) => [wanted].flat().some((glob) => toExpression(String(glob)).test(String(text)));
  const fact = facts[name];
  if (name === "name" || name === "decision" || name === "reason") return "all";
  if (name === "cpusAbove") return (question.cpus ?? -1) > Number(wanted) ? "all" : "none";
  if (name === "pidsAbove") return (question.pids ?? -1) > Number(wanted) ? "all" : "none";
  if (name === "memoryAbove")
    return (question.memoryBytes ?? -1) > Number.parseInt(String(wanted), 10) ? "all" : "none";
  if (fact === undefined) return "none";
  if (!Array.isArray(fact))
    return typeof wanted === "boolean" ? (fact === wanted ? "all" : "none") : fits(fact) ? "all" : "none";
  if (typeof wanted === "boolean") return fact.length > 0 === wanted ? "all" : "none";
  return fact.length > 0 && fact.every(fits) ? "all" : fact.some(fits) ? "some" : "none";
}

function toExpression(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", "[^/]")}$`);
}
