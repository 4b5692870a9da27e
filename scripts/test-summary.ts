// test-summary.ts REPORT STATUS: prints `N passed, N failed` of vitest's JSON report and its exit status.
import { readFileSync } from "node:fs";

import { countTests } from "./test-report.ts";

const [path = "", status = "1"] = process.argv.slice(2);
const { passed, failed } = countTests(readReport(path), Number(status));
console.log(`${String(passed)} passed, ${String(failed)} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
