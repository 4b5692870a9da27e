import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CosError } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { defaultRules } from "./default-rules.ts";
import { definePolicy } from "./define-policy.ts";
import { parsePolicyFile, toPolicySchema, toRules } from "./policy-file.ts";
import * as arbitrary from "./testing/arbitraries.ts";

async function refusal(text: string): Promise<CosError> {
  try {
    await parsePolicyFile(text, "policy.yaml");
  } catch (error) {
    if (CosError.is(error)) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

/** Each issue as one line. */
async function issuesOf(text: string): Promise<readonly string[]> {
  const error = await refusal(text);
  expect(error.code).toBe("invalid_argument");
  const issues = error.details?.["issues"] as readonly {
    line: number;
    column: number;
    path: string;
    message: string;
  }[];
  return issues.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
}

const yaml = `# What our agents may do.
rules:
  - name: builders-push
    operation: image_push
    callerName: ["ci-*", builder]
    registry: registry.example
    decision: allow
    reason: Our builders publish what they have built.
  - name: nobody-touches-production
    engine: prod
    effect: [mutate, destroy]
    memoryAbove: 4g
    hostPaths: true
    decision: deny
    reason: "Production is changed by hand only."
`;
const rules = [
  {
    name: "builders-push",
    operation: "image_push",
    callerName: ["ci-*", "builder"],
    registry: "registry.example",
    decision: "allow",
    reason: "Our builders publish what they have built.",
  },
  {
    name: "nobody-touches-production",
    engine: "prod",
    effect: ["mutate", "destroy"],
    memoryAbove: "4g",
    hostPaths: true,
    decision: "deny",
    reason: "Production is changed by hand only.",
  },
];

describe("a policy file", () => {
  test("is YAML, and cos's own rules follow those in it", async () => {
    const file = await parsePolicyFile(yaml, "policy.yaml");
    expect(file).toEqual({ rules, defaults: true });
    expect(toRules(file)).toEqual([...rules, ...defaultRules]);
  });

  test("is JSON as well, also with tabs and a byte order mark", async () => {
    const json = JSON.stringify({ $schema: "./policy.schema.json", rules }, undefined, "\t");
    expect(await parsePolicyFile(json, "policy.json")).toEqual({ rules, defaults: true });
    expect(await parsePolicyFile(`\uFEFF${json}`, "policy.json")).toEqual({ rules, defaults: true });
  });

  test("may do without cos's own rules, whose names are then free", async () => {
    const own = { name: "agent-reads", decision: "deny", reason: "No." };
    const file = await parsePolicyFile(stringify({ rules: [own], defaults: false }), "policy.yaml");
    expect(toRules(file)).toEqual([own]);
    expect(definePolicy(toRules(file)).rules).toHaveLength(1);
  });

  test("carries any rules there can be", async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary.rules, fc.boolean(), async (rules, defaults) => {
        const expected = { rules, defaults };
        expect(await parsePolicyFile(stringify({ rules, defaults }, { aliasDuplicateObjects: false }), "f")).toEqual(
          expected,
        );
        expect(await parsePolicyFile(JSON.stringify(expected), "f")).toEqual(expected);
      }),
    );
  });
});

describe("an error says where it is", () => {
  test("as FILE:LINE:COLUMN at the beginning of the message, with what to do next", async () => {
    const error = await refusal(yaml.replace("decision: deny", "decision: never"));
    expect(error.message).toMatch(
      /^policy\.yaml:14:15: rules\[1\]\.decision: .*"allow"\|"confirm"\|"approve"\|"deny"$/,
    );
    expect(error.hint).toBe("Correct the file; nothing of it is used as it is.");
  });

  test("for each wrong place, in the order of the file; the message has the first", async () => {
    const text = `rules:
  - name: Builders
    opration: image_push
    caller-kind: stdio
    callerKind: [stdio, htp]
    hostPaths: [/srv, 3]
    memoryAbove: 512
    ports: 80
    egress: yes
    reason: Why not.
    zzzzzzzzzzzz: 1
deflauts: true
`;
    expect(await issuesOf(text)).toEqual([
      "2:5 rules[0].decision is missing",
      "2:11 rules[0].name expected lower-case words joined by hyphens",
      "3:5 rules[0].opration there is no such field; did you mean operation?",
      "4:5 rules[0].caller-kind there is no such field; did you mean callerKind?",
      '5:25 rules[0].callerKind[1] Invalid option: expected one of "terminal"|"script"|"stdio"|"http"|"reaper"',
      "6:16 rules[0].hostPaths expected true, false, a glob, or a list of globs",
      "7:18 rules[0].memoryAbove Invalid input: expected string, received number",
      "8:12 rules[0].ports expected true, false, a glob, or a list of globs",
      "9:13 rules[0].egress Invalid input: expected boolean, received string",
      "11:5 rules[0].zzzzzzzzzzzz there is no such field",
      "12:1 deflauts there is no such field; did you mean defaults?",
    ]);
    expect((await refusal(text)).message).toBe("policy.yaml:2:5: rules[0].decision: is missing; and 10 more");
  });

  test.each([
    [
      "a glob with other special characters",
      "rules: [{name: a, image: '{a,b}', decision: deny, reason: x}]",
      /^1:26 rules\[0\]\.image expected text in which only \* and \?/,
    ],
    [
      "such a glob in a list",
      "rules:\n- name: a\n  image:\n  - a\n  - '[b]'\n  decision: deny\n  reason: x",
      /^5:5 rules\[0\]\.image\[1\] expected text/,
    ],
    [
      "a wrong entry of a list of globs",
      "rules:\n- name: a\n  image: [a, 1]\n  decision: deny\n  reason: x",
      /^3:14 rules\[0\]\.image\[1\] Invalid input: expected string, received number$/,
    ],
    [
      "a name that is there twice",
      "rules:\n- {name: a, decision: deny, reason: x}\n- {name: a, decision: deny, reason: x}",
      /^3:10 rules\[1\]\.name there is another rule named a$/,
    ],
    [
      "a name of cos's own rules",
      "rules:\n- {name: b, decision: deny, reason: x}\n- {name: agent-reads, decision: deny, reason: x}",
      /^3:10 rules\[1\]\.name agent-reads is one of cos's own rules/,
    ],
    [
      "a reserved name",
      "rules: [{name: default, decision: deny, reason: x}]",
      /^1:16 rules\[0\]\.name default and read-only are names/,
    ],
    ["a rule that is none", "rules:\n- a", /^2:3 rules\[0\] Invalid input: expected object/],
    ["rules that are no list", "rules: {}", /^1:8 rules Invalid input: expected array/],
    ["no rules at all", "defaults: true", /^1:1 rules is missing$/],
    ["an empty file", "", /^1:1 rules is missing$/],
    ["a comment alone", "# none yet\n", /^1:1 rules is missing$/],
    ["a file that is a list", "- a", /^1:1 {2}Invalid input: expected object/],
    ["a column after a byte order mark", "\uFEFFrules: 1", /^1:8 rules/],
    ["a line after carriage returns", "# a\r\nrules: 1\r\n", /^2:8 rules/],
  ])("%s", async (_, text, expected) => {
    const issues = await issuesOf(text);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(expected);
  });

  test.each([
    ["text that is no YAML", "rules: [\n  {name: a", /^2:\d+ {2}/],
    ["a wrong indentation", "rules:\n  - name: a\n decision: deny", /^3:\d /],
    ["two documents", "rules: []\n---\nrules: []", /^2:1 {2}Source contains multiple documents/],
    ["a field that is there twice", "rules: []\nrules: []", /^2:1 {2}"rules" is there twice$/],
    ["a field of a rule that is there twice", "rules: [{name: a, name: b}]", /^1:19 {2}"name" is there twice$/],
    [
      "a star without quotes",
      "rules:\n- name: a\n  image: *",
      /^3:10 {2}aliases are refused; put text that starts with \* in quotes$/,
    ],
    ["a glob without quotes", "rules:\n- name: a\n  image: *.example", /^3:10 {2}aliases are refused/],
    ["an anchor", "rules: &all []", /^1:13 {2}anchors are refused; put text that starts with & in quotes$/],
    ["an anchor of a text", "rules: [{name: &a b}]", /^1:19 {2}anchors are refused/],
    ["an anchor of nothing", "rules: [{name: &a }]", / anchors are refused/],
    ["a tag", "rules: !all []", /^1:8 {2}Unresolved tag: !all$/],
    ["a name that is no text", "1: 2", /^1:1 {2}expected the name of a field$/],
    ["a name that is a list", "? [a]\n: 1", /^1:3 {2}expected the name of a field$/],
    ["an object's machinery", "__proto__: {rules: []}", /^1:1 {2}expected the name of a field$/],
  ])("%s", async (_, text, expected) => {
    expect((await issuesOf(text))[0]).toMatch(expected);
  });
});

describe("a hostile file", () => {
  test("that is larger than 1 MiB is refused before it is parsed", async () => {
    const rest = "rules: []\n##";
    const fill = `${rest}${"ä".repeat((2 ** 20 - rest.length) / 2)}`;
    expect(await parsePolicyFile(fill, "f")).toEqual({ rules: [], defaults: true });
    expect((await refusal(`${fill}#`)).message).toBe("policy.yaml:1:1: the file is larger than 1 MiB");
  });

  test("of aliases that multiply is refused", async () => {
    const laughs = Array.from(
      { length: 30 },
      (_, at) => `a${at}: &a${at} [${at === 0 ? "lol" : `*a${at - 1}, *a${at - 1}`}]`,
    );
    expect((await issuesOf(laughs.join("\n")))[0]).toMatch(/anchors are refused/);
  });

  test.each(["[", "{a: ", "- ", "? "])("that nests %j too deeply is refused", async (open) => {
    expect(await issuesOf(open.repeat(20_000))).toEqual([expect.stringMatching(/nested too deeply$/)]);
  });

  test("is refused whatever the depth of its lists is", async () => {
    for (let depth = 2; depth < 1000; depth += 37) {
      expect(await issuesOf(`rules: ${"[".repeat(depth)}${"]".repeat(depth)}`)).toHaveLength(1);
    }
  });

  test("with very many errors has the first hundred of them listed", async () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join("\n");
    expect(await issuesOf(many)).toHaveLength(100);
    expect(await issuesOf(`rules:\n${"- a\n".repeat(900)}`)).toHaveLength(100);
    expect(await issuesOf(`rules:\n${"- &a\n".repeat(900)}`)).toHaveLength(100);
  });

  test("with more than 1000 rules is refused", async () => {
    const list = (length: number) => {
      const rules = Array.from({ length }, (_, at) => ({ name: `r${at}`, decision: "deny", reason: "x" }));
      return JSON.stringify({ rules });
    };
    expect((await parsePolicyFile(list(1000), "f")).rules).toHaveLength(1000);
    expect(await issuesOf(list(1001))).toEqual([expect.stringMatching(/^1:10 rules Too big/)]);
  });

  test("shows nothing in a message that moves a cursor, reorders text or begins a line", async () => {
    const error = await refusal(JSON.stringify({ "a\n\u001b[2J\u202eb": 1, rules: [] }));
    expect(error.message).toBe("policy.yaml:1:2: a\\u{a}\\u{1b}[2J\\u{202e}b: there is no such field");
    const long = await refusal(`${"a".repeat(1000)}: 1\nrules: []`);
    expect(long.message).toBe(`policy.yaml:1:1: ${"a".repeat(300)}…: there is no such field`);
    const named = await parsePolicyFile("rules: 1", "a\nb").catch((error: unknown) => CosError.from(error).message);
    expect(named).toMatch(/^a\\u\{a\}b:1:8: /);
  });

  test("is either rules or an error with a place, whatever is in it", async () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "rules:",
        "\n",
        "  ",
        "- ",
        "name: a",
        "decision: deny",
        "reason: x",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "*a",
        "&a",
        "!!str",
        "'",
        '"',
        "\t",
        "\r",
        "#",
        "---",
        "%YAML 1.1\n",
        "|",
        ">",
        "\uFEFF",
        "? ",
        "<<: ",
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
        try {
          const { rules } = await parsePolicyFile(pieces.join(""), "f");
          definePolicy(rules);
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid_argument" });
          const { message } = CosError.from(error);
          expect(message).toMatch(/^f:[1-9]\d*:[1-9]\d*: /);
          expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("the published schema is that of the file", () => {
  const published: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, "../schema/policy.schema.json"), "utf8"),
  );
  expect(published).toEqual(toPolicySchema());
  expect(published).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    required: ["rules"],
    additionalProperties: false,
    properties: { rules: { items: { required: ["name", "decision", "reason"], additionalProperties: false } } },
  });
});
