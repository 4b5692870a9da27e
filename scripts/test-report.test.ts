import { describe, expect, it } from "vitest";

import { countTests } from "./test-report.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});
const report = (numPassedTests: number, ...testResults: unknown[]) => ({
  numPassedTests,
  testResults,
});

describe("countTests", () => {
  it("sums the tests of all files", () => {
    const files = [file("passed", "passed", "passed"), file("failed", "passed", "failed", "failed")];
    expect(countTests(report(3, ...files), 1)).toEqual({ passed: 3, failed: 2 });
  });

  it("does not count what was skipped", () => {
    expect(countTests(report(1, file("passed", "passed", "skipped", "todo")), 0)).toEqual({
      passed: 1,
      failed: 0,
    });
  });

  it("counts a file that could not be loaded as one failure", () => {
    expect(countTests(report(1, file("passed", "passed"), file("failed")), 1)).toEqual({
      passed: 1,
      failed: 1,
    });
  });

  it("counts an error outside of every test as one failure", () => {
    expect(countTests(report(1, file("passed", "passed")), 1)).toEqual({ passed: 1, failed: 1 });
  });

  it.each([
    ["no test ran", report(0), 0],
    ["every test was skipped", report(0, file("passed", "skipped")), 0],
    ["vitest left no report", undefined, 1],
  ])("fails when %s", (_, value, status) => {
    expect(countTests(value, status)).toEqual({ passed: 0, failed: 1 });
  });
});
