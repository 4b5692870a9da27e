import { InvalidArgumentError } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { toCount, toDuration, toTime } from "./values.ts";

beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-11-21T12:00:00Z"), toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("a time", () => {
  test.each([
    ["2h", "2026-11-21T10:00:00.000Z"],
    ["90s", "2026-11-21T11:58:30.000Z"],
    ["15m", "2026-11-21T11:45:00.000Z"],
    ["7d", "2026-11-14T12:00:00.000Z"],
    ["0s", "2026-11-21T12:00:00.000Z"],
    ["2026-11-21", "2026-11-21T00:00:00.000Z"],
    ["2026-11-21T08:00Z", "2026-11-21T08:00:00.000Z"],
    ["2026-11-21T08:00:01.5+02:00", "2026-11-21T06:00:01.500Z"],
  ])("is how long ago, or ISO 8601: %s", (text, expected) => {
    expect(toTime(text).toISOString()).toBe(expected);
  });

  test.each(["", "1", "yesterday", "2026", "2026-13-01", "21.11.2026", "Nov 21 2026", "2 h", "2w", "-2h", "2h "])(
    "is not %j",
    (text) => {
      expect(() => toTime(text)).toThrow(InvalidArgumentError);
    },
  );
});

describe("a length of time", () => {
  test.each([
    ["90s", 90],
    ["15m", 900],
    ["2h", 7200],
    ["7d", 604_800],
  ])("is a whole number with its unit: %s", (text, seconds) => {
    expect(toDuration(text)).toBe(seconds);
  });

  test.each(["", "0m", "10", "m", "1.5h", "1h30m", "-1h", "1234567s"])("is not %j", (text) => {
    expect(() => toDuration(text)).toThrow(InvalidArgumentError);
  });
});

describe("a count", () => {
  test("is a whole number above 0", () => {
    expect(["1", "20", "999999999"].map(toCount)).toEqual([1, 20, 999_999_999]);
  });

  test.each(["", "0", "-1", "1.5", "1e3", "0x10", " 1", "ten", "1234567890"])("is not %j", (text) => {
    expect(() => toCount(text)).toThrow(InvalidArgumentError);
  });
});
