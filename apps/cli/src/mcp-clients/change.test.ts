import { describe, expect, test } from "vitest";
import { describeChange } from "./change.ts";

describe("what changes in a file", () => {
  test.each<[string, string, string, readonly string[]]>([
    ["nothing", "a\n", "a\n", []],
    ["a new file", "", "a\nb\n", ["@@ line 1 @@", "+ a", "+ b"]],
    ["lines between others", "a\nb\nc\n", "a\nx\nc\n", ["@@ line 2 @@", "- b", "+ x"]],
    ["lines taken away", "a\r\nb\r\nc\r\n", "a\r\nc\r\n", ["@@ line 2 @@", "- b"]],
    ["a line that only gets a comma, which is left out", "{\n a\n}", "{\n a,\n b\n}", ["@@ line 3 @@", "+  b"]],
  ])("%s", (_what, before, after, expected) => {
    expect(describeChange(before, after)).toEqual(expected);
  });

  test("shows of a long line only what is around the change", () => {
    const secret = `"KEY": "${"s".repeat(80)}"`;
    const lines = describeChange(`{${secret}, "end": 1, ${secret}}`, `{${secret}, "end": 234, ${secret}}`);
    expect(lines).toHaveLength(3);
    for (const line of lines.slice(1)) expect(line).toMatch(/^[-+] ….*"end": \d+, .*…$/);
    expect(lines.join()).not.toContain(secret);
  });
});
