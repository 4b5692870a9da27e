import { describe, expect, test } from "vitest";
import { isExactTime, parseSeconds, parseTime, shiftTime, toExactTime } from "./exact-time.ts";

const now = new Date("2026-11-25T09:00:00.250Z");

describe("a time as people write it", () => {
  test.each([
    ["2026-11-25T09:19:04.380430110Z", "2026-11-25T09:19:04.380430110Z"],
    ["2026-11-25T09:19:04.5Z", "2026-11-25T09:19:04.500000000Z"],
    ["2026-11-25T09:19:04Z", "2026-11-25T09:19:04.000000000Z"],
    ["2026-11-25T09:19Z", "2026-11-25T09:19:00.000000000Z"],
    ["2026-11-25T09:19:04.000000001+02:00", "2026-11-25T07:19:04.000000001Z"],
    ["2026-11-25", "2026-11-25T00:00:00.000000000Z"],
    ["0s", "2026-11-25T09:00:00.250000000Z"],
    ["15m", "2026-11-25T08:45:00.250000000Z"],
    ["2h", "2026-11-25T07:00:00.250000000Z"],
    ["7d", "2026-11-18T09:00:00.250000000Z"],
  ])("%s is %s", (text, exact) => {
    expect(parseTime(text, now)).toBe(exact);
  });

  test("without a zone is a local time", () => {
    expect(parseTime("2026-11-25T09:19")).toBe(toExactTime(new Date("2026-11-25T09:19")));
  });

  test.each([
    "",
    "yesterday",
    "15",
    "15 m",
    "-15m",
    "1e3s",
    "9999999d",
    "12",
    "2026",
    "2026-13-01",
    "2026-11-25T25:00Z",
    "2026-11-25Z",
    "2026-11-25.5",
    "2026-11-25T09:19.5Z",
    "2026-11-25T09:19:04.1234567890Z",
    "0000-01-01T00:00+14:00",
    "9999-12-31T23:59-14:00",
    " 15m",
  ])("%j is none", (text) => {
    expect(parseTime(text, now)).toBeUndefined();
  });
});

test("exact times are of one form, in order when their texts are", () => {
  const exact = toExactTime(now);
  expect(exact).toBe("2026-11-25T09:00:00.250000000Z");
  expect(isExactTime(exact)).toBe(true);
  for (const text of ["2026-11-25T09:00:00.25Z", "2026-99-25T09:00:00.250000000Z", `${exact} `, ""])
    expect(isExactTime(text)).toBe(false);
});

test("exact times can be shifted", () => {
  const time = "2026-11-25T09:00:00.999999999Z";
  expect(shiftTime(time, 0, 1)).toBe("2026-11-25T09:00:01.000000000Z");
  expect(shiftTime(time, -1)).toBe("2026-11-25T08:59:59.999999999Z");
  expect(shiftTime("2026-11-25T09:00:00.000000001Z", 0, -2)).toBe("2026-11-25T08:59:59.999999999Z");
  expect(shiftTime("2026-11-25T09:00:00.000000009Z", 60, 1)).toBe("2026-11-25T09:01:00.000000010Z");
});

test("a length of time has one of four units", () => {
  expect(["90s", "15m", "2h", "1d"].map(parseSeconds)).toEqual([90, 900, 7200, 86_400]);
  expect(["", "90", "h", "1w", "1.5h", "-1h"].map(parseSeconds)).toEqual(Array(6).fill(undefined));
});
