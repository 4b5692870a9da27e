import ignore from "@balena/dockerignore";
import { CosError } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IgnoreRules } from "./dockerignore.ts";

describe("an ignore file", () => {
  test.each([
    ["node_modules", ["node_modules", "node_modules/a/b"], ["src/node_modules", "node_modules2"]],
    ["*.log", ["a.log"], ["dir/a.log"]],
    ["**/*.log", ["a.log", "dir/a.log", "a/b/c.log"], ["a.logs"]],
    ["a/**", ["a/b", "a/b/c"], ["a"]],
    ["a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["az", "a/bz"]],
    ["/build/", ["build", "build/x"], ["src/build"]],
    ["./build", ["build"], []],
    ["te?t", ["test", "text"], ["te/t", "tet"]],
    ["file[0-9].txt", ["file7.txt"], ["filex.txt"]],
    ["file[^0-9].txt", ["filex.txt"], ["file7.txt"]],
    ["\\[x\\]", ["[x]"], ["x"]],
    ["c++", ["c++", "c++/main.cc"], ["c", "ccc"]],
    ["a(1).txt", ["a(1).txt"], ["a1.txt"]],
    ["# note\n\n  tmp  \r\n", ["tmp"], ["# note"]],
    ["\uFEFFtmp", ["tmp"], []],
    ["*\n!README.md", ["a", "b/c"], ["README.md"]],
    ["docs\n!docs/api\ndocs/api/private", ["docs/x", "docs/api/private/y"], ["docs/api", "docs/api/z"]],
    ["", [], ["constructor", "toString"]],
  ])("with %j leaves out and keeps what Docker does", (text, ignored, kept) => {
    const rules = IgnoreRules.parse(text);
    expect(ignored.filter((path) => !rules.ignores(path))).toEqual([]);
    expect(kept.filter((path) => rules.ignores(path))).toEqual([]);
  });

  test.each(["[", "a[b", "a\\", "x\n[a-]"])("with %j is refused", (text) => {
    expect(() => IgnoreRules.parse(text)).toThrow(CosError);
  });

  test("tells which ignored directories may hold something that is taken back in", () => {
    const rules = IgnoreRules.parse("*\n!src/*.ts\n!**/keep");
    expect(rules.mayKeepBelow("src")).toBe(true);
    expect(IgnoreRules.parse("*\n!src/*.ts").mayKeepBelow("lib")).toBe(false);
    expect(rules.mayKeepBelow("lib/deep")).toBe(true);
  });

  test("means the same as in Docker's own matcher", () => {
    const part = fc
      .array(fc.constantFrom("a", "b", "*", "?", ".", "[ab]"), { minLength: 1, maxLength: 3 })
      .map((units) => units.join(""));
    const segment = fc.oneof(part, fc.constant("**")).filter((text) => !text.includes("**") || text === "**");
    const pattern = fc
      .tuple(
        fc.constantFrom("", "!", "/", "!/", "./"),
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("", "/"),
      )
      .map(([start, segments, end]) => start + segments.join("/") + end);
    const path = fc
      .array(fc.constantFrom("a", "b", "ab", "a.b", "ba"), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join("/"));
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), path, (patterns, candidate) => {
        const reference = ignore.default({ ignorecase: false }).add(patterns);
        expect(IgnoreRules.parse(patterns.join("\n")).ignores(candidate)).toBe(reference.ignores(candidate));
      }),
      { numRuns: 2000 },
    );
  });

  test("cannot be made slow by its author", () => {
    const rules = IgnoreRules.parse(`${"**/*a".repeat(200)}b`);
    const start = performance.now();
    expect(rules.ignores(`${"a".repeat(250)}/`.repeat(4))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
