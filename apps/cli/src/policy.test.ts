import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, makeInstallation } from "./testing/cos.ts";
import { everyOperation, sampleOf, withFlags } from "./testing/samples.ts";

let installation: Installation;

beforeAll(() => {
  installation = makeInstallation();
});
afterAll(() => installation.remove());

const cos = (...args: string[]) => installation.cos(args, { env: { DOCKER_HOST: "unix:///nonexistent/engine.sock" } });

/** Writes a file into the working directory. */
function write(name: string, text: string): string {
  writeFileSync(join(installation.workDirectory, name), text);
  return name;
}

describe("a policy file with a mistake", () => {
  const mistake = /^cos: bad\.yaml:3:15: rules\[0\]\.decision: .*; and 1 more\nhint: .*\n$/;
  beforeAll(() => {
    write("bad.yaml", "rules:\n  - name: first\n    decision: perhaps\n    reason: why\n    operatoin: ping\n");
  });

  test.each(everyOperation())("stops %s, and says where the mistake is", async (name, operation) => {
    const words = sampleOf(operation).words({ container: "web", mark: "web" });
    const ended = await cos(...withFlags(words, ["--policy", "bad.yaml"]));
    const hasCodesOfItsOwn = name === "container_run" || name === "container_exec";
    expect(ended).toMatchObject({ code: hasCodesOfItsOwn ? 125 : 1, stdout: "" });
    expect(ended.stderr).toMatch(mistake);
    expect(installation.auditEvents().at(-1)).toMatchObject({
      stage: "denied",
      operation: name,
      rule: "invalid-call",
      code: "invalid_argument",
    });
  });

  test.each([["show"], ["check"], ["test", "tests.yaml"], ["explain", "ping"]])(
    "stops cos policy %s",
    async (...args) => {
      write("tests.yaml", "tests: [{ operation: ping, callerKind: stdio, expect: allow }]\n");
      const ended = await cos("policy", ...args, "--policy", "bad.yaml");
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toMatch(mistake);
    },
  );

  test("is data with --json: every mistake with its line and column", async () => {
    const { code, stderr } = await cos("policy", "check", "--policy", "bad.yaml", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      error: {
        code: "invalid_argument",
        details: {
          issues: [
            { line: 3, column: 15, path: "rules[0].decision" },
            {
              line: 5,
              column: 5,
              path: "rules[0].operatoin",
              message: "there is no such field; did you mean operation?",
            },
          ],
        },
      },
    });
  });

  test("is also one that is no YAML, and one that cannot be read", async () => {
    write("broken.yaml", "rules: [\n");
    expect((await cos("ps", "--policy", "broken.yaml")).stderr).toMatch(/^cos: broken\.yaml:2:1: /);
    expect((await cos("ps", "--policy", "none.yaml")).stderr).toMatch(/^cos: The policy "none\.yaml" cannot be read\./);
  });
});

describe("cos policy show", () => {
  test("lists the rules in their order: the operator's, then cos's own", async () => {
    const file = write(
      "mine.yaml",
      "rules: [{ name: mine, effect: [read, mutate], decision: deny, reason: Not here. }]\n",
    );
    const { code, stdout } = await cos("policy", "show", "--policy", file);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}1 {2}deny {5}mine {2}effect=read,mutate\n {5}Not here\.\n {2}2 {2}approve {2}agent-gc-across-owners /,
    );
    expect(stdout).toContain("agent-runs-unmanaged-containers");
  });

  test("has the same as JSON, with the version that consents are bound to", async () => {
    const file = write("alone.yaml", "defaults: false\nrules: [{ name: alone, decision: deny, reason: Not here. }]\n");
    const { stdout } = await cos("policy", "show", "--policy", file, "--json");
    expect(JSON.parse(stdout)).toEqual({
      version: expect.stringMatching(/^[0-9a-f]{64}$/),
      rules: [{ name: "alone", decision: "deny", reason: "Not here." }],
    });
  });

  test("begins with read-only where COS_READ_ONLY is set", async () => {
    const { stdout } = await installation.cos(["policy", "show"], { env: { COS_READ_ONLY: "1" } });
    expect(stdout).toMatch(/^ {2}1 {2}deny {5}read-only {2}effect=mutate,destroy\n/);
    const { code } = await installation.cos(["policy", "check"], { env: { COS_READ_ONLY: "1" } });
    expect(code).toBe(0);
  });

  test("finds the operator's file in the user's config directory", async () => {
    const file = installation.writePolicy("rules: [{ name: found, decision: deny, reason: Not here. }]\n");
    expect((await cos("policy", "show")).stdout).toMatch(/^ {2}1 {2}deny {5}found\n/);
    expect((await cos("ps")).stderr).toContain("No container engine answers");
    writeFileSync(file, "rules: []\n");
  });
});

describe("cos policy check", () => {
  test("has nothing to say about rules that can all decide", async () => {
    expect(await cos("policy", "check")).toMatchObject({ code: 0, stderr: "" });
  });

  test("names the rules that never decide, and fails", async () => {
    const file = write(
      "shadowed.yaml",
      `rules:
  - { name: first, operation: "container_*", decision: deny, reason: Not here. }
  - { name: second, operation: container_rm, decision: allow, reason: Never reached. }
  - { name: third, operation: no_such_operation, decision: deny, reason: Matches nothing. }
`,
    );
    const { code, stdout } = await cos("policy", "check", "--policy", file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^second: .*by first\.\nthird: third matches no operation\.\n3 rules, 2 never decide\n$/);
    const json = await cos("policy", "check", "--policy", file, "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      rules: 3,
      findings: [{ rule: "second", by: ["first"] }, { rule: "third" }],
    });
  });
});

describe("cos policy test", () => {
  const passing = `tests:
  - { operation: ping, callerKind: stdio, expect: allow }
  - { name: agents ask, operation: container_restart, callerKind: stdio, targetOwnership: unmanaged, expect: confirm, rule: agent-runs-unmanaged-containers }
`;

  test("passes when the rules say what is expected of them", async () => {
    expect(await cos("policy", "test", write("passing.yaml", passing))).toMatchObject({
      code: 0,
      stderr: "",
      stdout: "ok    ping by stdio\nok    agents ask\n2 passed, 0 failed\n",
    });
  });

  test("fails when they do not, and says what was expected and what came", async () => {
    const file = write(
      "failing.yaml",
      `${passing}  - { operation: container_rm, callerKind: stdio, targetOwnership: own, expect: deny }
  - { operation: ping, callerKind: stdio, expect: allow, rule: other-rule }
  - { operation: no_such_operation, callerKind: stdio, expect: deny }
`,
    );
    const { code, stdout } = await cos("policy", "test", file);
    expect(code).toBe(1);
    expect(stdout.split("\n").slice(2)).toEqual([
      "FAIL  container_rm by stdio: expected deny, got allow by agent-own-containers",
      "FAIL  ping by stdio: expected allow by other-rule, got allow by agent-reads",
      "FAIL  no_such_operation by stdio: expected deny, got deny by unknown-operation",
      "2 passed, 3 failed",
      "",
    ]);
    const json = await cos("policy", "test", file, "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject([true, true, false, false, false].map((passed) => ({ passed })));
  });

  test("says where a mistake is, and that there is no such file", async () => {
    const file = write("wrong.yaml", "tests:\n  - operation: ping\n    callerKind: robot\n    expect: allow\n");
    expect(await cos("policy", "test", file)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^cos: wrong\.yaml:3:17: tests\[0\]\.callerKind: /),
    });
    expect(await cos("policy", "test", "none.yaml")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('The file "none.yaml" cannot be read.'),
    });
  });
});
