import { evaluate, parse, type ValueNode } from "@humanwhocodes/momoa";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ownKeys } from "./clients.ts";
import { jsonConfig } from "./json-config.ts";
import { isInsertion } from "./testing/insertion.ts";

const place = { table: "mcpServers", name: "cos" };
const entry = { type: "stdio", command: "npx", args: ["-y", "@cos/mcp-server", "--as", "agent"] };
const change = { set: entry, defaults: {}, drop: ownKeys };
const file = "/home/someone/.client.json";

const withEntry = (text: string, set: typeof change.set | object = entry) =>
  jsonConfig.withEntry({ file, text }, place, { ...change, set: set as typeof entry });
const withoutEntry = (text: string) => jsonConfig.withoutEntry({ file, text }, place);
const valueOf = (text: string): any =>
  text.trim() === "" ? {} : evaluate(parse(text, { mode: "jsonc", ranges: true, allowTrailingCommas: true }));

/** What may stand between two tokens, in files with either end of line. */
const trivia = fc.constantFrom("", " ", "\n", "\n  ", "\t", " /* a, {note} */ ", ' // "cos": }\n', "\n\n    ");
const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const name = fc
  .oneof(fc.constantFrom("a", "mcp", "cos ", "x-cos"), fc.string({ minLength: 1 }))
  .filter((text) => !["cos", "mcpServers", "__proto__"].includes(text));

/** The text of an object with these members, written in any way. */
function objectText(members: fc.Arbitrary<readonly (readonly [string, string])[]>): fc.Arbitrary<string> {
  return fc
    .tuple(members, fc.array(trivia, { minLength: 40, maxLength: 40 }), fc.boolean())
    .map(([pairs, gaps, trailing]) => {
      let used = 0;
      const gap = () => gaps[used++ % gaps.length] ?? "";
      const parts = pairs.map(([key, value]) => `${gap()}${JSON.stringify(key)}${gap()}:${gap()}${value}${gap()}`);
      return `{${parts.join(",")}${trailing && pairs.length > 0 ? `,${gap()}` : gap()}}`;
    });
}

const anyValue: fc.Arbitrary<string> = fc.oneof(
  scalar.map((value) => JSON.stringify(value)),
  objectText(
    fc.array(
      fc.tuple(
        name,
        scalar.map((value) => JSON.stringify(value)),
      ),
      { maxLength: 3 },
    ),
  ),
  fc.array(scalar, { maxLength: 3 }).map((value) => JSON.stringify(value, null, 1)),
);
const others = fc.uniqueArray(fc.tuple(name, anyValue), { maxLength: 3, selector: ([key]) => key });

/** A file of a client's, with or without servers, and among them cos. */
function fileText(cos: fc.Arbitrary<readonly (readonly [string, string])[]>): fc.Arbitrary<string> {
  const servers = objectText(fc.tuple(others, cos, others.map(distinct)).map((parts) => parts.flat()));
  return fc
    .tuple(
      trivia,
      objectText(fc.tuple(others, servers).map(([pairs, text]) => [...pairs, ["mcpServers", text]])),
      trivia,
    )
    .chain((parts) => fc.boolean().map((crlf) => (crlf ? parts.join("").replaceAll("\n", "\r\n") : parts.join(""))));
}

const distinct = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([key, text]) => [`${key}*`, text] as const);
const withoutCos = fc.oneof(
  fileText(fc.constant([])),
  objectText(others),
  fc.constantFrom("", "\n", "{}", "{ }", "{}\n", "{\n}\n", "{ // nothing yet\n}"),
);
const cosText = objectText(
  fc.constantFrom<readonly (readonly [string, string])[]>(
    [],
    [["command", '"old"']],
    [
      ["args", "[1,\n2]"],
      ["env", '{"A": "b"}'],
      ["command", '"old"'],
    ],
    [
      ["url", '"http://127.0.0.1:1/mcp"'],
      ["headers", "{}"],
      ["disabled", "false"],
    ],
  ),
);
const withCos = fileText(cosText.map((text) => [["cos", text]]));

describe("a server in a file of JSON", () => {
  test("is added by putting text in, and at most one comma: every byte that was there stays", () => {
    fc.assert(
      fc.property(withoutCos, (text) => {
        const after = withEntry(text);
        expect(valueOf(after)).toEqual({ ...valueOf(text), mcpServers: { ...valueOf(text).mcpServers, cos: entry } });
        if (text.trim() !== "") expect(isInsertion(text, after)).toBe(true);
        expect(withEntry(after)).toBe(after);
      }),
    );
  });

  test("is changed in its own text alone, and keeps what is not ours", () => {
    fc.assert(
      fc.property(withCos, (text) => {
        const after = withEntry(text);
        const before = valueOf(text);
        const kept = Object.entries(before.mcpServers.cos).filter(
          ([key]) => !(ownKeys as readonly string[]).includes(key),
        );
        const cos = { ...Object.fromEntries(kept), ...entry };
        expect(valueOf(after)).toEqual({ ...before, mcpServers: { ...before.mcpServers, cos } });
        const [head, tail] = around(text);
        expect(after.startsWith(head) && after.endsWith(tail)).toBe(true);
        expect(withEntry(after)).toBe(after);
      }),
    );
  });

  test("is taken away with one comma and nothing else", () => {
    fc.assert(
      fc.property(withCos, (text) => {
        const after = withoutEntry(text);
        const { cos: _cos, ...rest } = valueOf(text).mcpServers;
        expect(valueOf(after)).toEqual({ ...valueOf(text), mcpServers: rest });
        const [left, stood] = [tokensOutside(after), tokensOutside(text)];
        const noCommas = (tokens: readonly string[]) => tokens.filter((token) => token !== ",");
        expect(noCommas(left)).toEqual(noCommas(stood));
        expect(stood.length - left.length).toBeLessThanOrEqual(1);
        expect(withoutEntry(after)).toBe(after);
      }),
    );
  });

  test("is written as the file is", () => {
    expect(withEntry('{\n\t"a": 1 // one\n}\n')).toBe(
      [
        "{",
        '\t"a": 1, // one',
        '\t"mcpServers": {',
        '\t\t"cos": {',
        '\t\t\t"type": "stdio",',
        '\t\t\t"command": "npx",',
        '\t\t\t"args": ["-y", "@cos/mcp-server", "--as", "agent"]',
        "\t\t}",
        "\t}",
        "}",
        "",
      ].join("\n"),
    );
    expect(withEntry('{"mcpServers": {"a": {}}}')).toBe(
      '{"mcpServers": {"a": {}, "cos": {"type":"stdio","command":"npx","args":["-y","@cos/mcp-server","--as","agent"]}}}',
    );
    const servers = ["{", "    // mine", '    "mcpServers": {', '        "a": {},', "    },", "}"].join("\r\n");
    expect(withoutEntry(withEntry(servers))).toBe(servers);
  });

  test.each([
    ["is cut off", '{\n  "a": [1,', "/home/someone/.client.json:2:"],
    ["is something else", "servers: []", "/home/someone/.client.json:1:1: "],
    ["is a list", "[]", "Expected an object."],
    ["has servers that are none", '{"mcpServers": [1]}', '"mcpServers" is there, and is no object.'],
    ["has servers twice", '{"mcpServers": {}, "mcpServers": {}}', '"mcpServers" is there twice.'],
    ["has cos twice", '{"mcpServers": {"cos": {}, "cos": {}}}', '"cos" is there twice.'],
  ])("is not added to a file that %s", (_what, text, message) => {
    expect(() => withEntry(text)).toThrow(message);
    expect(() => withEntry(text)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
  });
});

function documentOf(text: string) {
  return parse(text, { mode: "jsonc", ranges: true, tokens: true, allowTrailingCommas: true });
}

/** What stands before the value of cos and behind it. */
function around(text: string): readonly [string, string] {
  const range = cosMember(text)?.value.range;
  return [text.slice(0, range?.[0]), text.slice(range?.[1])];
}

function cosMember(text: string) {
  const { body } = documentOf(text);
  const find = (node: ValueNode | undefined, key: string) =>
    node?.type === "Object"
      ? node.members.find((member) => member.name.type === "String" && member.name.value === key)
      : undefined;
  return find(find(body, "mcpServers")?.value, "cos");
}

/** The texts of the tokens, comments among them, without those of cos. */
function tokensOutside(text: string): readonly string[] {
  const [start, end] = cosMember(text)?.range ?? [0, 0];
  const tokens = (documentOf(text).tokens ?? []).map(({ range = [0, 0] }) => range);
  return tokens.filter(([from]) => from < start || from >= end).map(([from, to]) => text.slice(from, to));
}
