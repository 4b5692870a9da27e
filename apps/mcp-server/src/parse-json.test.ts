import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "./parse-json.ts";

const values = fc.jsonValue({ maxDepth: 12, stringUnit: "binary" });
/** Text that is nearly JSON: its signs, strung together. */
const signs = fc.array(fc.constantFrom(...'{}[],:"\\ ', "\\u0061", '"a"', '"b"', "1", "null", "x"), { maxLength: 40 });

describe("JSON", () => {
  test("is parsed to what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("that is none is refused, and nothing but JSON.parse decides about that", () => {
    fc.assert(
      fc.property(signs, (parts) => {
        const text = parts.join("");
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => parseJson(text)).toThrow(/^The body /);
          return;
        }
        try {
          expect(parseJson(text)).toEqual(expected);
        } catch (error) {
          expect((error as Error).message).toBe("The body has an object with the same name twice.");
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("with a name twice is refused wherever it is, however it is written", () => {
    fc.assert(
      fc.property(values, fc.string({ unit: "binary" }), fc.boolean(), (value, name, escaped) => {
        const plain = JSON.stringify(name);
        const codes = Array.from({ length: name.length }, (_, at) => name.charCodeAt(at).toString(16).padStart(4, "0"));
        const other = escaped ? `"${codes.map((code) => `\\u${code}`).join("")}"` : plain;
        const text = `[${JSON.stringify(value)},{${plain}:${JSON.stringify(value)},"":{}, ${other} :1}]`;
        expect(() => parseJson(text)).toThrow("same name twice");
      }),
    );
  });

  test("may be 32 levels deep", () => {
    const nest = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${"}]".repeat(depth / 2)}`;
    expect(parseJson(nest(32))).toBeInstanceOf(Array);
    expect(() => parseJson(nest(34))).toThrow("nested more than 32 deep");
    expect(() => parseJson("[".repeat(1_000_000))).toThrow("nested more than 32 deep");
  });
});
