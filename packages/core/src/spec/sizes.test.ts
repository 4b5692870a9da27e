import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteSize, parseByteSize } from "./sizes.ts";

/** Any character at all, lone surrogates included. */
const character = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff })).map((code) => String.fromCodePoint(code));

describe("a size", () => {
  test.each([
    ["1", 1],
    ["1b", 1],
    ["2k", 2048],
    ["512m", 536_870_912],
    ["2g", 2_147_483_648],
    ["4096g", 4_398_046_511_104],
  ])("%s is %i bytes", (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

  test.each([
    "",
    "0",
    "0m",
    "-1",
    "-1m",
    "+1m",
    "01m",
    "1.5g",
    "1e9",
    "m",
    "512M",
    "512mb",
    "1t",
    " 1m",
    "1m ",
    "1m\n",
    "1 m",
    "NaN",
    "0x10",
    "١m",
    "9".repeat(16),
  ])("%j is none", (text) => expect(() => parseByteSize(text)).toThrow(RangeError));

  test("is read back from what it was written as", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.constantFrom("b", "k", "m", "g"), (count, unit) => {
        expect(parseByteSize(`${count}${unit}`)).toBe(count * 1024 ** "bkmg".indexOf(unit));
      }),
    );
  });

  test("is no other text", () => {
    fc.assert(
      fc.property(fc.string({ unit: character }), (text) => {
        fc.pre(!/^[1-9][0-9]*[bkmg]?$/.test(text));
        expect(() => parseByteSize(text)).toThrow(RangeError);
      }),
    );
  });
});

describe("a bounded size", () => {
  const schema = byteSize("4k", "1m");

  test.each([
    ["4095", false],
    ["4096", true],
    ["4k", true],
    ["1024k", true],
    ["1m", true],
    ["1048577", false],
    ["2m", false],
    ["999999999999999g", false],
  ])("%s within 4k and 1m: %s", (text, fits) => expect(schema.safeParse(text).success).toBe(fits));

  test.each([4096, null, undefined, ["4k"], { size: "4k" }, 1e30, Number.NaN])("is text, not %o", (value) =>
    expect(schema.safeParse(value).success).toBe(false),
  );
});
