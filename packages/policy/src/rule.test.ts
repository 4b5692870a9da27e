import { describe, expect, test } from "vitest";
import { rule, ruleList } from "./rule.ts";

const least = { name: "a", decision: "allow", reason: "Because." };
const accepts = (more: object) => rule.safeParse({ ...least, ...more }).success;

describe("a rule", () => {
  test("needs a name, a decision and a reason, and nothing else", () => {
    expect(rule.parse(least)).toEqual(least);
    for (const field of ["name", "decision", "reason"]) expect(accepts({ [field]: undefined })).toBe(false);
  });

  test("has no fields but those it has: a misspelt matcher would match more", () => {
    expect(accepts({ opration: "gc" })).toBe(false);
    expect(accepts({ not: { operation: "gc" } })).toBe(false);
  });

  test.each([
    [
      "name",
      ["a", "agent-reads", "a1-2b"],
      ["", "A", "a_b", "a-", "-a", "a--b", "a b", "default", "read-only", "a".repeat(65), 1],
    ],
    ["decision", ["allow", "confirm", "approve", "deny"], ["", "Allow", "ask", null, true]],
    ["reason", ["x", "x".repeat(300)], ["", "x".repeat(301), "two\nlines", "\u001b[2J", "\u202eright", 1]],
    [
      "operation",
      ["gc", "*", ["gc", "image_*"]],
      ["", [], [""], ["gc", 1], "{a,b}", true, {}, Array.from({ length: 257 }, () => "a")],
    ],
    ["effect", ["read", ["mutate", "destroy"]], ["", [], "write", ["read", "write"], true, "*"]],
    ["callerKind", ["stdio", ["http", "reaper"]], ["agent", [], "*"]],
    ["targetKind", ["volume", ["none"]], ["pod", []]],
    ["targetOwnership", ["own", ["none", "own", "other", "unmanaged"]], ["mine", []]],
    ["egress", [true, false], ["true", 0, null, []]],
    ["hostPaths", [true, false, "/srv/*", ["/srv", "/data/*"]], ["", [], 1, null, [true]]],
    ["cpusAbove", [0, 0.5, 4], [-1, Number.NaN, Infinity, "4"]],
    ["memoryAbove", ["1b", "512m", "4096g"], [512, "0", "-1m", "512M", "1.5g", "4097g", ""]],
    ["pidsAbove", [0, 512], [-1, 1.5, Number.NaN, 2 ** 53]],
  ])("%s may be one of %j, not of %j", (field, good, bad) => {
    for (const value of good) expect(accepts({ [field]: value }), JSON.stringify(value)).toBe(true);
    for (const value of bad) expect(accepts({ [field]: value }), JSON.stringify(value)).toBe(false);
  });

  test.each([
    "engine",
    "callerName",
    "targetOwner",
    "targetName",
    "targetImage",
    "network",
    "profile",
    "image",
    "registry",
  ])("%s is a glob or a list of globs", (field) => {
    for (const value of ["a*", ["a", "b"]]) expect(accepts({ [field]: value })).toBe(true);
    for (const value of ["(a)", [], true]) expect(accepts({ [field]: value })).toBe(false);
  });

  test.each(["ports", "volumes"])("%s is true, false, a glob or a list of globs", (field) => {
    for (const value of [true, false, "a*", ["a", "b"]]) expect(accepts({ [field]: value })).toBe(true);
    for (const value of ["(a)", [], 1]) expect(accepts({ [field]: value })).toBe(false);
  });

  test.each(["builds", "secrets", "otherOwners"])("%s is true or false", (field) => {
    for (const value of [true, false]) expect(accepts({ [field]: value })).toBe(true);
    for (const value of ["a", 1, null]) expect(accepts({ [field]: value })).toBe(false);
  });

  test("says of each field what it means", () => {
    for (const [field, schema] of Object.entries(rule.shape)) expect(schema.description, field).toMatch(/\.$/);
  });
});

test("each rule of a list has a name of its own", () => {
  expect(ruleList.safeParse([least, { ...least, name: "b" }]).success).toBe(true);
  const twice = ruleList.safeParse([least, { ...least, name: "b" }, least, { ...least, name: "b" }]);
  expect(twice.error?.issues).toMatchObject([
    { path: [2, "name"], message: "there is another rule named a" },
    { path: [3, "name"], message: "there is another rule named b" },
  ]);
});
