import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { CosError } from "./errors.ts";
import { parseWith } from "./parse.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

const schema = z.strictObject({
  count: z.int(),
  items: z.array(z.strictObject({ name: z.string() })).default([]),
  variables: z.record(z.string(), z.string()).default({}),
});

function refusal(value: unknown): CosError {
  try {
    parseWith(schema, value, "thing");
  } catch (error) {
    if (CosError.is(error)) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

test("a value that fits comes back with its defaults", () => {
  expect(parseWith(schema, { count: 1 }, "thing")).toEqual({ count: 1, items: [], variables: {} });
});

test("a refusal names every wrong field with its path", () => {
  const error = refusal({ count: "1", items: [{ name: "a" }, { name: 2 }], variables: { A: null } });
  expect(error.code).toBe("invalid_argument");
  expect(error.message).toMatch(/^The thing is not valid: count: .*; items\[1\]\.name: .*; variables\.A: /);
  expect(error.details).toEqual({
    issues: ["count", "items[1].name", "variables.A"].map((path) => ({ path, message: expect.any(String) })),
  });
});

test("the message shows five wrong fields, the details all", () => {
  const error = refusal({ count: 1, items: Array.from({ length: 8 }, () => ({ name: 0 })) });
  expect(error.message).toMatch(/; and 3 more$/);
  expect(error.details).toMatchObject({ issues: { length: 8 } });
});

test("a field that there is not is refused with the one that was probably meant", () => {
  const refused = refusal({ cuont: 1, items: [{ nmae: "a", name: "a" }], zzz: 1 });
  expect(refused.message).toContain('Unrecognized keys: "cuont", "zzz"; did you mean "count"?');
  expect(refused.message).toContain('items[0]: Unrecognized key: "nmae"; did you mean "name"?');
  expect(refusal({ count: 1, zzz: 1 }).message).toMatch(/Unrecognized key: "zzz"$/);
});

test("a value of another type altogether is refused without a path", () => {
  for (const value of [undefined, null, [], "x", 1])
    expect(refusal(value).message).toMatch(/^The thing is not valid: Invalid input/);
});

test("a member named __proto__ is refused wherever it is, also among a record's free names", () => {
  for (const text of [
    '{"count":1,"__proto__":{"x":1}}',
    '{"count":1,"items":[{"name":"a","__proto__":1}]}',
    '{"count":1,"variables":{"A":"1","__proto__":"2"}}',
  ]) {
    expect(refusal(JSON.parse(text)).message).toContain('Unrecognized key: "__proto__"');
  }
  expect(refusal(JSON.parse('{"count":1,"variables":{"__proto__":"2"}}')).message).toContain("variables: ");
});

test("whatever the names of wrong fields are, the message is one short line without control characters", () => {
  const name = fc.oneof(
    fc.string({ unit: character, minLength: 1 }),
    fc.constantFrom(
      "\u001b[2J",
      "a\nb",
      "\u202Egnp.exe",
      "\u2028",
      "\u0085",
      "\u{E0041}",
      "\uD800",
      "x".repeat(10_000),
    ),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), (names) => {
      fc.pre(!names.includes("count") && !names.includes("items") && !names.includes("variables"));
      const members = names.map((key) => [key, 1] as const);
      for (const value of [Object.fromEntries(members), { count: 1, variables: Object.fromEntries(members) }]) {
        const { message, details } = refusal(value);
        const issues = details?.["issues"] as { path: string; message: string }[];
        for (const text of [message, ...issues.flatMap((issue) => [issue.path, issue.message])]) {
          expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
          expect(text.length).toBeLessThan(20_000);
        }
      }
    }),
  );
});
