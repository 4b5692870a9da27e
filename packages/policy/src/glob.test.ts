import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGlob, covers } from "./glob.ts";
import { glob } from "./rule.ts";

/** What a glob means, said in the simplest way. */
function matches(pattern: string, text: string): boolean {
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === undefined) return text === "";
  if (first === "*") return matches(rest, text) || (text !== "" && matches(pattern, text.slice(1)));
  if (text === "") return false;
  return (first === "?" ? text[0] !== "/" : text[0] === first) && matches(rest, text.slice(1));
}

const part = fc.constantFrom(
  "*",
  "?",
  "a",
  "b",
  "1",
  "/",
  ".",
  "+",
  "-",
  "@",
  ":",
  "^",
  "$",
  "#",
  ",",
  " ",
  "~",
  "%",
  "é",
);
const fewParts = fc.constantFrom("*", "?", "a", "/", ".", "+");
const pattern = fc
  .oneof(fc.array(part, { minLength: 1, maxLength: 8 }), fc.array(fewParts, { minLength: 1, maxLength: 5 }))
  .map((parts) => parts.join(""))
  .filter((text) => glob.safeParse(text).success);
const text = fc
  .oneof(fc.array(fc.oneof(part, fc.constant("\n")), { maxLength: 8 }), fc.array(fewParts, { maxLength: 5 }))
  .map((parts) => parts.join(""));
/** A text that a pattern matches. */
const toText = (pattern: string, filler: string) => pattern.replaceAll("*", filler).replaceAll("?", "a");

describe("a glob", () => {
  test.each([
    ["container_run", "container_run", true],
    ["container_run", "container_runs", false],
    ["container_*", "container_run", true],
    ["container_*", "image_pull", false],
    ["*", "anything/at all", true],
    ["docker.io/library/*", "docker.io/library/busybox:latest", true],
    ["docker.io/library/*", "docker.io.example/library/busybox:latest", false],
    ["docker.io/*", "dockerXio/busybox", false],
    ["/srv/*", "/srv/a/b", true],
    ["/srv/*", "/srv/.hidden/.b", true],
    ["/srv/*", "/srv", false],
    ["/srv/**", "/srv/a/b", true],
    ["**/data", "data", false],
    ["/srv/*/data", "/srv/a/b/data", true],
    ["db-?", "db-1", true],
    ["db-?", "db-10", false],
    ["a?b", "a/b", false],
    ["Name", "name", false],
    ["*.example", "a.Example", false],
    ["*", "", true],
    ["*a*", "two\nlines", false],
    ["*l*", "two\nlines", true],
  ])("%j and %j: %j", (pattern, text, expected) => {
    expect(compileGlob(pattern)(text)).toBe(expected);
  });

  test("means what it says, whatever characters surround its * and ?", () => {
    fc.assert(
      fc.property(pattern, text, fc.constantFrom("", "x", "/", "a/b"), (pattern, text, filler) => {
        const fits = compileGlob(pattern);
        expect(fits(text)).toBe(matches(pattern, text));
        expect(fits(toText(pattern, filler))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("answers long texts that nearly match, however many stars it has", () => {
    const long = "a".repeat(50_000);
    expect(compileGlob(`${"*a".repeat(100)}*b`)(long)).toBe(false);
    expect(compileGlob(`${"a*".repeat(100)}b`)(long)).toBe(false);
    expect(compileGlob(`${"*?".repeat(100)}*b`)(long)).toBe(false);
    expect(compileGlob(`${"*".repeat(200)}b`)(long)).toBe(false);
    expect(compileGlob(`${"*a".repeat(100)}*`)(long)).toBe(true);
  });

  test("has no other special characters: what other dialects give a meaning is refused", () => {
    for (const text of [
      "a{b,c}",
      "[ab]",
      "!a",
      "+(a|b)",
      "a\\*",
      'a"b"',
      "a'b'",
      "(a)",
      "./a",
      "a\nb",
      "a\u202eb",
      "",
    ]) {
      expect(glob.safeParse(text).success, text).toBe(false);
    }
    for (const text of ["a,b", "a+b", "a@b:c", "$a", "^a", "a b", "é", ".a/b"]) {
      expect(glob.safeParse(text).success, text).toBe(true);
    }
  });

  test("has at most 512 characters", () => {
    expect(glob.safeParse("a".repeat(512)).success).toBe(true);
    expect(glob.safeParse("a".repeat(513)).success).toBe(false);
  });
});

describe("one glob covers another", () => {
  test.each([
    ["*", "a", true],
    ["*", "*", true],
    ["*", "a?*", true],
    ["a*", "a/b*", true],
    ["a*c", "a?c", true],
    ["a?", "ab", true],
    ["a?", "a?", true],
    ["?*", "?*", true],
    ["a", "*", false],
    ["a?", "a*", false],
    ["a*", "*a", false],
    ["a", "b", false],
  ])("%j covers %j: %j", (outer, inner, expected) => {
    expect(covers(outer, inner)).toBe(expected);
  });

  test("only if it matches whatever the other matches", () => {
    const short = fc
      .array(fc.constantFrom("*", "?", "a", "/"), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join(""));
    const text = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 5 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(short, short, text, (outer, inner, text) => {
        fc.pre(covers(outer, inner) && compileGlob(inner)(text));
        expect(compileGlob(outer)(text)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
