import { CosError } from "@cos/core";
import { describe, expect, test } from "vitest";
import { type Expectation, parseExpectations, runExpectations } from "./expectations.ts";
import { definePolicy } from "./define-policy.ts";
import type { Effect, Question } from "./question.ts";

const policy = definePolicy([
  { name: "no-gc", operation: "gc", decision: "deny", reason: "No." },
  { name: "changes", effect: ["mutate", "destroy"], decision: "confirm", reason: "Look first." },
  { name: "reads", effect: "read", decision: "allow", reason: "Yes." },
]);
const effects: Readonly<Record<string, Effect>> = { gc: "destroy", container_stop: "mutate", ping: "read" };
const effectOf = (operation: string) => effects[operation];

async function questionOf(facts: object): Promise<Expectation["question"] | undefined> {
  const text = JSON.stringify({
    tests: [{ operation: "container_stop", callerKind: "stdio", expect: "deny", ...facts }],
  });
  const [test] = await parseExpectations(text, "tests.json");
  return test?.question;
}

describe("a test file", () => {
  test("lists calls with what is expected of them", async () => {
    const text = `tests:
  - operation: ping
    callerKind: stdio
    expect: allow
  - name: agents confirm
    operation: container_stop
    callerKind: http
    callerName: bot
    engine: prod
    targetOwnership: unmanaged
    targetName: db
    expect: confirm
    rule: changes
`;
    expect(await parseExpectations(text, "tests.yaml")).toEqual([
      {
        name: "ping by stdio",
        question: {
          operation: "ping",
          engine: "local",
          callerKind: "stdio",
          callerName: "agent",
          targetKind: "none",
          targetOwnership: "none",
        },
        verdict: "allow",
      },
      {
        name: "agents confirm",
        question: {
          operation: "container_stop",
          engine: "prod",
          callerKind: "http",
          callerName: "bot",
          targetKind: "container",
          targetOwnership: "unmanaged",
          targetName: "db",
        },
        verdict: "confirm",
        rule: "changes",
      },
    ]);
  });

  test("may state every fact of a question", async () => {
    const facts: Omit<Question, "effect"> = {
      operation: "container_run",
      engine: "prod",
      callerKind: "script",
      callerName: "ci",
      targetKind: "image",
      targetOwnership: "other",
      targetOwner: "bob",
      targetName: "x",
      targetImage: "y",
      network: "none",
      egress: false,
      hostPaths: ["/srv"],
      ports: [],
      volumes: ["v"],
      profile: "strict",
      image: "docker.io/library/a:1",
      registry: "docker.io",
      builds: false,
      secrets: true,
      otherOwners: false,
      cpus: 0.5,
      memoryBytes: 1024,
      pids: 1,
    };
    expect(await questionOf(facts)).toEqual(facts);
  });

  test.each([
    ["stdio", "agent"],
    ["http", "agent"],
    ["terminal", "user"],
    ["script", "user"],
    ["reaper", "cos"],
  ])("names a caller by %s %s unless it says otherwise", async (callerKind, callerName) => {
    expect(await questionOf({ callerKind })).toMatchObject({ callerName });
    expect(await questionOf({ callerKind, callerName: "x" })).toMatchObject({ callerName: "x" });
  });

  test.each([
    [{}, "none", "none"],
    [{ targetOwnership: "own" }, "container", "own"],
    [{ targetOwnership: "own", operation: "volume_remove" }, "volume", "own"],
    [{ targetOwnership: "own", operation: "containers" }, "none", "own"],
    [{ targetOwnership: "own", targetKind: "image" }, "image", "own"],
    [{ targetKind: "image" }, "image", "none"],
  ])("with %j is about the target %s, %s", async (facts, targetKind, targetOwnership) => {
    expect(await questionOf(facts)).toMatchObject({ targetKind, targetOwnership });
  });

  test.each([
    ["tests:\n- operation: ping\n  callerKind: stdio\n", "2:3: tests[0].expect: is missing"],
    [
      "tests:\n- operation: ping\n  callerKnd: stdio\n  callerKind: stdio\n  expect: deny\n",
      "3:3: tests[0].callerKnd: there is no such field; did you mean callerKind?",
    ],
    [
      "tests: [{operation: ping, callerKind: stdio, expect: deny, effect: read}]",
      "1:60: tests[0].effect: there is no such field; did you mean expect?",
    ],
    ["tests: []", "1:8: tests: Too small: expected array to have >=1 items"],
    ["", "1:1: tests: is missing"],
  ])("%j is refused with its place", async (text, message) => {
    const error: unknown = await parseExpectations(text, "t.yaml").catch((error: unknown) => error);
    expect(CosError.from(error).message).toBe(`t.yaml:${message}`);
  });

  test("asks for limits that there can be", async () => {
    for (const facts of [{ cpus: 0 }, { memoryBytes: 0 }, { memoryBytes: 1.5 }, { pids: 0 }, { pids: 0.5 }]) {
      await expect(questionOf(facts)).rejects.toMatchObject({ code: "invalid_argument" });
    }
  });
});

describe("running the tests", () => {
  const call = {
    engine: "local",
    callerKind: "stdio",
    callerName: "agent",
    targetKind: "none",
    targetOwnership: "none",
  } as const;
  const expectation = (operation: string, verdict: Expectation["verdict"], rule?: string): Expectation => ({
    name: operation,
    question: { ...call, operation },
    verdict,
    rule,
  });
  const run = (test: Expectation) => runExpectations(policy, [test], effectOf)[0];

  test("compares the verdict", () => {
    expect(run(expectation("ping", "allow"))).toEqual({
      name: "ping",
      passed: true,
      decision: { verdict: "allow", rule: "reads", reason: "Yes." },
      expected: { verdict: "allow", rule: undefined },
    });
    expect(run(expectation("ping", "deny"))).toMatchObject({ passed: false, decision: { verdict: "allow" } });
  });

  test("compares the rule if one is expected", () => {
    expect(run(expectation("gc", "deny", "no-gc"))).toMatchObject({ passed: true, expected: { rule: "no-gc" } });
    expect(run(expectation("gc", "deny", "default"))).toMatchObject({ passed: false, decision: { rule: "no-gc" } });
    expect(run(expectation("gc", "allow", "no-gc"))).toMatchObject({ passed: false });
  });

  test("takes the effect of the operation", () => {
    expect(run(expectation("container_stop", "confirm", "changes"))).toMatchObject({ passed: true });
  });

  test("fails a test of an operation that there is not, so that a misspelt one does not pass as denied", () => {
    expect(run(expectation("gcc", "deny"))).toMatchObject({
      passed: false,
      decision: { verdict: "deny", rule: "unknown-operation", reason: "There is no such operation." },
      expected: { verdict: "deny" },
    });
  });

  test("answers in the order of the tests", () => {
    const tests = [expectation("gc", "deny"), expectation("ping", "deny"), expectation("container_stop", "confirm")];
    expect(runExpectations(policy, tests, effectOf).map(({ name, passed }) => [name, passed])).toEqual([
      ["gc", true],
      ["ping", false],
      ["container_stop", true],
    ]);
  });
});
