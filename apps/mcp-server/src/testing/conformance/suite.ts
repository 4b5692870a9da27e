import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { programOf } from "../program-of.ts";

const suite = programOf("conformance");

/** What the suite says of one thing that it looked at. */
export interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "INFO";
  readonly errorMessage?: string;
}

/** The names of all scenarios for servers. */
export async function listScenarios(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(suite, ["list", "--server"]);
  return [...stdout.matchAll(/^ +- (\S+)/gm)].map(([, name = ""]) => name);
}

/** Has the suite judge a server by its scenarios, or by one of them. Answers with its checks, by scenario. */
export async function judge(url: string, scenario?: string): Promise<ReadonlyMap<string, readonly Check[]>> {
  const directory = mkdtempSync(join(tmpdir(), "cos-conformance-"));
  try {
    const which = scenario === undefined ? ["--suite", "all"] : ["--scenario", scenario];
    // It ends with 1 when a check has failed, which the checks tell better.
    await promisify(execFile)(suite, ["server", "--url", url, "--output-dir", directory, ...which]).catch(() => {});
    return new Map(
      readdirSync(directory).map((name) => [
        /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)?.[1] ?? name,
        JSON.parse(readFileSync(join(directory, name, "checks.json"), "utf8")) as Check[],
      ]),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}
