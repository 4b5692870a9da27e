/** How many tests passed and failed. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
}

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Counts the tests of vitest's JSON report. What keeps a run from being a success without being a failed test counts as
 * one failure: a file that cannot be loaded, an error outside of every test, no report, no test.
 * @param status the exit status of vitest
 */
export function countTests(report: unknown, status: number): TestCount {
  if (!isReport(report)) return { passed: 0, failed: 1 };
  let failed = 0;
  for (const file of report.testResults) {
    const failures = file.assertionResults.filter((test) => test.status === "failed").length;
    failed += file.status === "failed" ? Math.max(failures, 1) : failures;
  }
  const passed = report.numPassedTests;
  const silent = failed === 0 && (status !== 0 || passed === 0);
  return { passed, failed: silent ? 1 : failed };
}

function isReport(value: unknown): value is Report {
  return typeof value === "object" && value !== null && "testResults" in value && "numPassedTests" in value;
}
