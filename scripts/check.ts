// check.ts PNPM: everything that can be said about the tree without running its tests. Each step is one line; what a step
// printed is shown when it fails, and every step runs whatever became of the others.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [pnpm = "pnpm"] = process.argv.slice(2);
const node = [process.execPath, "--conditions=@cos/source"] as const;
const publishable = ["--filter=./packages/*", "--filter=./apps/*"];
const tarballs = mkdtempSync(join(tmpdir(), "cos-packed-"));
const failures: string[] = [];
let count = 0;

try {
  await step("format", "oxfmt", "--check", ".");
  await step("lint", "oxlint", "--type-aware", "--deny-warnings");
  await step("types", "tsc", "--noEmit");
  await step("layers", "turbo", "boundaries");
  for (const script of ownChecks()) await step(script, ...node, join("scripts", script));
  await step("dead code", "knip");
  await step("build", pnpm, ...publishable, "-r", "build");
  await step("pack", pnpm, ...publishable, "-r", "pack", "--pack-destination", tarballs);
  const packed = readdirSync(tarballs).toSorted();
  if (packed.length === 0) failures.push("no package was packed");
  for (const name of packed) await step(`publint ${name}`, "publint", "--strict", join(tarballs, name));
  // The apps have commands only, so there are no types that somebody could import.
  const libraries = packed.filter((name) => !/^cos-(?:cli|mcp-server)-/.test(name));
  for (const name of libraries) {
    await step(`types of ${name}`, "attw", "--profile", "esm-only", join(tarballs, name));
  }
} finally {
  rmSync(tarballs, { recursive: true });
}

if (failures.length === 0) console.log(`\nall ${String(count)} checks passed`);
else console.log(`\n${String(failures.length)} of ${String(count)} checks failed: ${failures.join(", ")}`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function step(title: string, command: string, ...args: string[]): Promise<void> {
  count += 1;
  const started = performance.now();
  const { status, output } = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${title} (${seconds} s)`);
  if (status === 0) return;
  failures.push(title);
  console.log(
    [`$ ${[command, ...args].join(" ")}`, ...output.trimEnd().split("\n")].map((line) => `     ${line}`).join("\n"),
  );
}

async function run(command: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) => resolve({ status: 127, output: error.message }));
    child.on("close", (status) => resolve({ status: status ?? 1, output }));
  });
}

/** What the project checks with programs of its own: `scripts/check-NAME.ts` or `.mjs`. */
function ownChecks(): string[] {
  return readdirSync("scripts")
    .filter((name) => /^check-.*(?<!\.test)\.(?:ts|mjs)$/.test(name))
    .toSorted();
}
