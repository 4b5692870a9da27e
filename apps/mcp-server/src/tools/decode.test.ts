import { catalogue } from "@cos/control-plane";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeArguments } from "./decode.ts";
import { inputSchemaOf } from "./tool.ts";

const schema = {
  type: "object",
  properties: {
    command: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
    count: { type: "integer" },
    flag: { type: "boolean" },
    list: { type: "array", items: { type: "string" } },
    byName: { type: "object", additionalProperties: { type: "string" } },
    mounts: {
      type: "array",
      items: {
        type: "object",
        properties: { target: { type: "string" }, tags: { type: "array", items: { type: "string" } } },
      },
    },
  },
};
const decode = (given: unknown) => decodeArguments(schema, given);

describe("a text where the schema wants something else", () => {
  test.each([
    ["a list", { list: '["a", "b"]' }, { list: ["a", "b"] }],
    ["an object", { byName: '{"A": "1"}' }, { byName: { A: "1" } }],
    ["a list of objects", { mounts: '[{"target": "/x"}]' }, { mounts: [{ target: "/x" }] }],
    ["objects in a list", { mounts: ['{"target": "/x"}'] }, { mounts: [{ target: "/x" }] }],
    ["a list in an object in a list", { mounts: [{ tags: '["a"]' }] }, { mounts: [{ tags: ["a"] }] }],
    ["texts in a text", { mounts: '["{\\"tags\\":\\"[]\\"}"]' }, { mounts: [{ tags: [] }] }],
    ["all arguments", '{"list": "[]"}', { list: [] }],
  ])("is taken for %s that it holds", (_what, given, meant) => {
    expect(decode(given)).toEqual(meant);
  });

  test.each([
    ["a text may stand there", { command: '["ls"]' }],
    ["it holds something else", { list: '{"a": 1}', byName: "[1]", mounts: "null" }],
    ["it holds nothing", { list: "a,b", byName: "A=1", mounts: "[" }],
    ["the schema wants a number or a truth", { count: "1", flag: "true" }],
    ["the schema does not know it", { other: "[1]" }],
    ["it holds the same name twice", { byName: '{"A": "1", "A": "2"}' }],
    ["it is nested too deeply", { list: `${"[".repeat(40)}${"]".repeat(40)}` }],
    ["there is no object", "[1]"],
  ])("stays as it is when %s", (_why, given) => {
    expect(decode(given)).toEqual(given);
  });

  test("keeps members that have a meaning of their own in JavaScript, so that they can be refused", () => {
    const decoded = decode({ byName: '{"__proto__": "x"}' }) as { byName: object };
    expect(Object.keys(decoded.byName)).toEqual(["__proto__"]);
  });
});

/** Arguments that fit the schema, and the same with some of their lists and objects written as text. */
const meantAndWritten = fc
  .record(
    {
      command: fc.oneof(fc.string(), fc.array(fc.string())),
      count: fc.integer(),
      flag: fc.boolean(),
      list: fc.array(fc.string()),
      byName: fc.dictionary(
        fc.string().filter((name) => name !== "__proto__"),
        fc.string(),
      ),
      mounts: fc.array(fc.record({ target: fc.string(), tags: fc.array(fc.string()) }, { requiredKeys: [] })),
    },
    { requiredKeys: [] },
  )
  .chain((meant) => fc.infiniteStream(fc.boolean()).map((coins) => [meant, write(meant, coins)] as const));

function write({ command, ...meant }: Record<string, unknown>, coins: Iterator<boolean>): unknown {
  const written = writeValue(meant, coins, false) as object;
  return command === undefined ? written : { ...written, command };
}

function writeValue(value: unknown, coins: Iterator<boolean>, mayBeText = true): unknown {
  if (typeof value !== "object" || value === null) return value;
  const inner = Array.isArray(value)
    ? value.map((item) => writeValue(item, coins))
    : Object.fromEntries(Object.entries(value).map(([name, member]) => [name, writeValue(member, coins)]));
  return mayBeText && coins.next().value === true ? JSON.stringify(inner) : inner;
}

test("what was meant is understood, however much of it is written as text", () => {
  fc.assert(
    fc.property(meantAndWritten, ([meant, written]) => {
      expect(decode(written)).toEqual(meant);
    }),
  );
});

test("any arguments are read, and nothing is changed that an operation takes as it is", () => {
  fc.assert(
    fc.property(fc.constantFrom(...catalogue), fc.jsonValue(), (operation, given) => {
      const decoded = decodeArguments(inputSchemaOf(operation), given);
      if (operation.input.safeParse(given).success) expect(decoded).toEqual(given);
    }),
  );
});

test("the input of every operation, written as text as a whole or member by member, is what it was", () => {
  const input = {
    image: "busybox",
    command: '["ls"]',
    env: { A: "{}" },
    mounts: [{ type: "tmpfs", target: "/x" }],
    publish: ["1:2"],
  };
  for (const operation of catalogue.filter(({ name }) => /^container_(?:run|ensure|create)$/.test(name))) {
    const schemaOf = inputSchemaOf(operation);
    const byMember = Object.fromEntries(
      Object.entries(input).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
    );
    for (const written of [input, byMember, JSON.stringify(input), JSON.stringify(byMember)])
      expect(decodeArguments(schemaOf, written), operation.name).toEqual(input);
  }
});
