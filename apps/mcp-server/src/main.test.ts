import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@cos/source", join(import.meta.dirname, "main.ts"), ...args],
    { encoding: "utf8", input: "" },
  );
  return { status, stdout, stderr };
}

describe("cos-mcp", () => {
  test.each(["--version", "-V"])("%s prints the version and nothing else", (flag) => {
    expect(run(flag)).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test.each(["--help", "-h"])("%s says how it is used", (flag) => {
    expect(run(flag)).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage: cos-mcp /), stderr: "" });
  });

  test("says on stderr that it does not serve yet, so that a client sees no broken protocol", () => {
    expect(run()).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(/^cos-mcp: .*\nhint: .*\n$/) });
  });
});
