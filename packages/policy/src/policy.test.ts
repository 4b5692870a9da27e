import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowOperations, type Question } from "./policy.ts";

const ask = (operation: string, more: Partial<Question> = {}): Question => ({
  operation,
  effect: "mutate",
  engine: "local",
  caller: { kind: "stdio", name: "agent" },
  ...more,
});

describe("allowOperations", () => {
  const policy = allowOperations(["ping", "container_run"]);

  test("allows what it was given, whoever asks and whatever it does", () => {
    for (const effect of ["read", "mutate", "destroy"] as const) {
      for (const kind of ["terminal", "script", "stdio", "http", "reaper"] as const) {
        const question = ask("container_run", { effect, caller: { kind, name: "anybody" } });
        expect(policy.decide(question)).toMatchObject({ verdict: "allow", rule: "catalogue" });
      }
    }
  });

  test("denies everything else and names the rule", () => {
    expect(policy.decide(ask("container_remove"))).toEqual({
      verdict: "deny",
      rule: "default",
      reason: "No rule allows this operation.",
    });
  });

  test("denies everything when it was given nothing", () => {
    expect(allowOperations([]).decide(ask("ping")).verdict).toBe("deny");
  });

  test("knows no operation by accident: names that every object has are as unknown as others", () => {
    for (const name of ["", "__proto__", "constructor", "toString", "hasOwnProperty", "PING", "ping ", "ping\0"]) {
      expect(policy.decide(ask(name)).verdict, JSON.stringify(name)).toBe("deny");
    }
  });

  test("keeps deciding as it was made when the list it was made from changes", () => {
    const names = ["ping"];
    const decided = allowOperations(names);
    names.push("container_remove");
    expect(decided.decide(ask("container_remove")).verdict).toBe("deny");
  });

  test("is total and gives equal answers to equal questions", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("ping", "container_run", "__proto__"));
    fc.assert(
      fc.property(text, text, text, (operation, engine, name) => {
        const question = ask(operation, { engine, caller: { kind: "http", name } });
        const decision = policy.decide(question);
        expect(decision).toEqual(policy.decide(structuredClone(question)));
        expect(decision.verdict).toBe(operation === "ping" || operation === "container_run" ? "allow" : "deny");
        expect(decision.reason).not.toBe("");
      }),
    );
  });
});
