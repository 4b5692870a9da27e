import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileLinePattern } from "./line-pattern.ts";

async function matches(pattern: string, line: string, ignoreCase = false): Promise<boolean> {
  return (await compileLinePattern(pattern, ignoreCase))(line);
}

/** How long the pattern takes on a line, in milliseconds. */
async function timed(pattern: string, line: string): Promise<number> {
  const compiled = await compileLinePattern(pattern, false);
  const start = performance.now();
  compiled(line);
  return performance.now() - start;
}

describe("a pattern", () => {
  test.each([
    ["error", "an error here", true],
    ["Error", "an error here", false],
    ["status=5\\d\\d", "GET / status=502", true],
    ["^start.*end$", "start and end", true],
    ["^start.*end$", "start and end\r", true],
    ["ready|listening", "now listening on 80", true],
    ["\\bone\\b", "someone", false],
    ["a.c", "abc", true],
    ["[0-9]+ ms", "took 12 ms", true],
    ["", "anything", true],
  ])("%j in %j: %s", async (pattern, line, expected) => {
    expect(await matches(pattern, line)).toBe(expected);
  });

  test("may leave case aside", async () => {
    expect(await matches("ERROR", "an error here", true)).toBe(true);
    expect(await matches("straße", "STRAßE", true)).toBe(true);
  });

  test.each([
    "(",
    "[a",
    "a**",
    "*",
    "(?=a)",
    "(?<!a)b",
    "(a)\\1",
    "a{1001}",
    "((a{100}){100}){100}",
    "\\",
    "(".repeat(999),
  ])("that is none is refused with a hint: %j", async (pattern) => {
    await expect(compileLinePattern(pattern, false)).rejects.toMatchObject({
      code: "invalid_argument",
      hint: expect.stringContaining("RE2") as string,
    });
  });

  test("of plain characters means itself", async () => {
    const plain = fc.string({
      unit: fc.constantFrom("a", "B", "0", " ", "-", "_", ":", "/", "#", "%", "~"),
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(plain, plain, async (pattern, rest) => {
        expect(await matches(pattern, `${rest}${pattern}${rest}`)).toBe(true);
        expect(await matches(pattern, rest)).toBe(rest.includes(pattern));
      }),
    );
  });
});

describe("patterns that are slow elsewhere", () => {
  const long = "a".repeat(1_000_000);
  test.each([
    ["(a+)+$", `${long}!`],
    ["(a|a)*b", long],
    ["(a*)*b", long],
    ["(.*)(.*)(.*)(.*)x$", `${long}y`],
    ["(?:a?){500}a{500}b", "a".repeat(100_000)],
    ["(a|b)*a(a|b){18}c", "ab".repeat(50_000)],
    ["^(([a-z])+.)+[A-Z]([a-z])+$", long],
    ["(?:\\pL|\\pN){0,1000}\\x00", "aß1".repeat(50_000)],
  ])("%s takes no longer than its line", async (pattern, line) => {
    expect(await timed(pattern, line)).toBeLessThan(2_000);
  });
});
