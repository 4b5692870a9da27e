import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, digestOf } from "./canonical.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

const json = fc.jsonValue();
const record = fc.dictionary(fc.string({ unit: character }), json, { minKeys: 1 });

/** The same value with the members of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("canonical JSON", () => {
  test("sorts keys and has no white space", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "x y" }], a: true })).toBe('{"a":true,"b":[1,{"c":"x y","d":null}]}');
  });

  test("is JSON for the same value", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test("leaves out members that are undefined, and treats undefined items as null", () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(canonicalJson([undefined, 1])).toBe("[null,1]");
    // oxlint-disable-next-line no-sparse-arrays
    expect(canonicalJson([, 1])).toBe("[null,1]");
  });

  test("keeps members with the names of an object's own machinery", () => {
    expect(canonicalJson(JSON.parse('{"constructor":1,"__proto__":{"a":2}}'))).toBe(
      '{"__proto__":{"a":2},"constructor":1}',
    );
    expect(canonicalJson(Object.assign(Object.create(null) as object, { a: 1 }))).toBe('{"a":1}');
  });

  test.each([
    Number.NaN,
    Infinity,
    1n,
    () => 1,
    Symbol("s"),
    undefined,
    new Date(0),
    new Map([["a", 1]]),
    new Uint8Array(2),
  ])("refuses %o, also deep inside", (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
    expect(() => canonicalJson({ a: [{ b: value ?? (() => 1) }] })).toThrow(TypeError);
  });
});

describe("a digest", () => {
  test("is 64 hex digits", () => {
    expect(digestOf({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });

  test("changes with every member that is changed, added or left out", () => {
    fc.assert(
      fc.property(record, fc.nat(), json, fc.string(), (object, index, other, newKey) => {
        const keys = Object.keys(object);
        const key = keys[index % keys.length] ?? "";
        const { [key]: value, ...rest } = object;
        fc.pre(
          canonicalJson(value) !== canonicalJson(other) &&
            !Object.hasOwn(object, newKey) &&
            newKey !== "__proto__" &&
            key !== "__proto__",
        );
        const digest = digestOf(object);
        expect(digestOf({ ...object, [key]: other })).not.toBe(digest);
        expect(digestOf({ ...object, [newKey]: other })).not.toBe(digest);
        expect(digestOf(rest)).not.toBe(digest);
      }),
    );
  });

  test.each([
    [["a", "b"], ["ab"]],
    [{ a: "1" }, { a: 1 }],
    [{ a: null }, {}],
    [[], {}],
    [{ a: { b: 1 } }, { a: 1, b: 1 }],
    [["a,b"], ["a", "b"]],
  ])("tells %j from %j", (one, other) => expect(digestOf(one)).not.toBe(digestOf(other)));
});
