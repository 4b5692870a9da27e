import { expect, test } from "vitest";
import { findNearest } from "./nearest.ts";

const known = ["operation", "callerKind", "callerName", "ports", "image"];

test.each([
  ["operation", "operation"],
  ["opration", "operation"],
  ["operations", "operation"],
  ["caller-kind", "callerKind"],
  ["callername", "callerName"],
  ["prots", "ports"],
  ["port", "ports"],
  ["imgae", "image"],
  ["imag", "image"],
  ["xxxports", undefined],
  ["zzz", undefined],
  ["", undefined],
])("%j was probably meant to be %j", (text, expected) => {
  expect(findNearest(text, known)).toBe(expected);
});

test("the nearest of several is found, whatever their order", () => {
  expect(findNearest("por", ["ports", "port"])).toBe("port");
  expect(findNearest("por", ["port", "ports"])).toBe("port");
});

test.each(["", "xy"])("nothing is found that has no letter in common: %j", (text) => {
  expect(findNearest(text, ["gc"])).toBeUndefined();
});

test("two letters may be wrong, and a third of a long word", () => {
  expect(findNearest("axx", ["abc"])).toBe("abc");
  expect(findNearest("xxx", ["abc"])).toBeUndefined();
  expect(findNearest("abcdefxxx", ["abcdefghi"])).toBe("abcdefghi");
  expect(findNearest("abcdexxxx", ["abcdefghi"])).toBeUndefined();
});

test("a name that is cut short, or goes on, is the one that begins so, if it is only one", () => {
  const fields = ["timeoutSeconds", "healthCommand", "healthRetries", "container", "id"];
  expect(findNearest("timeout", fields)).toBe("timeoutSeconds");
  expect(findNearest("Timeout", fields)).toBe("timeoutSeconds");
  expect(findNearest("containerIdOrName", fields)).toBe("container");
  expect(findNearest("health", fields)).toBeUndefined();
  expect(findNearest("identifier", fields)).toBeUndefined();
});

test("nothing is near a text that no known word is as long as", () => {
  expect(findNearest("a".repeat(65), ["a".repeat(65)])).toBeUndefined();
  expect(findNearest("a".repeat(64), ["a".repeat(64)])).toBe("a".repeat(64));
});
