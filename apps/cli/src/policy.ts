import { readFile } from "node:fs/promises";
import {
  type ExpectationResult,
  type Explanation,
  openControlPlane,
  openOperator,
  type ReachabilityFinding,
} from "@cos/control-plane";
import { CosError } from "@cos/core";
import { type Command, Option } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { type Exit, guarded } from "./guarded.ts";
import { coloured, oneLine, printJson } from "./printing.ts";
import { findEngines } from "./session.ts";

interface PolicyOptions {
  readonly json?: boolean;
  readonly policy?: string;
  readonly readOnly?: boolean;
}

/** `cos policy`: what the rules say, and whether they say what their writer meant. */
export function addPolicyCommands(policy: Command, exit: Exit): void {
  const leaf = (usage: string, summary: string, description: string) =>
    policy
      .command(usage)
      .summary(summary)
      .description(description)
      .option("--policy <file>", "Rules to use instead of those in the user's config directory.")
      .option("--json", "Print JSON.");

  leaf(
    "explain <operation>",
    "Say which rule decides about a call, and why",
    "Says which rule decides about a call, and why. The call is not made; its target is looked up on the engine.",
  )
    .option("--input <json>", "The operation's input as JSON; @FILE reads a file.", "{}")
    .addOption(
      new Option("--as <kind>", "Who calls: an agent (stdio, http), a person at a terminal, or a script.")
        .choices(["stdio", "http", "terminal", "script"])
        .default("stdio"),
    )
    .option("--caller <name>", "The caller's name. [agent, or user]")
    .option("--read-only", "As if cos ran read-only.")
    .action(async (operation: string, options: PolicyOptions & ExplainOptions) => {
      await guarded(options.json === true, exit, (signal) => explain(operation, options, signal));
    });
  leaf(
    "show",
    "Show the rules in force",
    "Shows the rules in force in their order: the operator's, then those that cos brings, unless the file says defaults: false.",
  ).action(async ({ json = false, policy: policyFile }: PolicyOptions) => {
    await guarded(json, exit, async () => {
      const { rules, version } = await openOperator({ policyFile }).policy.load();
      if (json) printJson({ version, rules });
      else for (const [at, rule] of rules.entries()) process.stdout.write(toRuleLines(at + 1, rule));
      return exitCodes.ok;
    });
  });
  leaf(
    "check",
    "Find mistakes in the rules",
    "Reads the rules, and finds those that can never decide: because an earlier one always does, or because there is no such call.",
  ).action(async ({ json = false, policy: policyFile }: PolicyOptions) => {
    await guarded(json, exit, async () => {
      const { rules, findings } = await openOperator({ policyFile }).policy.check();
      if (json) printJson({ rules, findings });
      else process.stdout.write(`${findings.map(toFinding).join("")}${rules} rules, ${findings.length} never decide\n`);
      return findings.length === 0 ? exitCodes.ok : exitCodes.failed;
    });
  });
  leaf(
    "test <file>",
    "Test the rules against expectations",
    "Asks the rules the questions in a YAML or JSON file, and compares the answers with what it expects.",
  ).action(async (file: string, { json = false, policy: policyFile }: PolicyOptions) => {
    await guarded(json, exit, async () => {
      const results = await openOperator({ policyFile }).policy.test(file);
      const failed = results.filter(({ passed }) => !passed);
      if (json) printJson(results);
      else {
        for (const result of results) {
          const mark = result.passed
            ? coloured(process.stdout, "green", "ok  ")
            : coloured(process.stdout, "red", "FAIL");
          process.stdout.write(`${mark}  ${oneLine(toResult(result))}\n`);
        }
        process.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`);
      }
      return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
    });
  });
}

interface ExplainOptions {
  readonly input: string;
  readonly as: "stdio" | "http" | "terminal" | "script";
  readonly caller?: string;
}

async function explain(
  operation: string,
  options: PolicyOptions & ExplainOptions,
  signal: AbortSignal,
): Promise<number> {
  const { as: kind, readOnly, policy: policyFile, json = false } = options;
  const name = options.caller ?? (kind === "stdio" || kind === "http" ? "agent" : "user");
  await using controlPlane = openControlPlane({ writer: "cli", policyFile, readOnly, engines: await findEngines() });
  const caller = { kind, name, hostRoots: [process.cwd()] };
  const explanation = await controlPlane.explain({ operation, input: await readInput(options.input), caller, signal });
  if (json) printJson(explanation);
  else process.stdout.write(toText(explanation));
  return exitCodes.ok;
}

async function readInput(text: string): Promise<unknown> {
  try {
    return JSON.parse(text.startsWith("@") ? await readFile(text.slice(1), "utf8") : text);
  } catch (cause) {
    throw new CosError("invalid_argument", "--input is not JSON, or not a file that can be read.", {
      hint: `For example: --input '{"container": "web"}'`,
      cause,
    });
  }
}

function toText({ question, decision, judged }: Explanation): string {
  const facts = Object.entries(question).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${Array.isArray(value) ? JSON.stringify(value) : String(value)}`],
  );
  const rules = judged.map(({ rule, mismatch, partly }) => {
    if (mismatch === undefined) return `${rule.name}: matches, so ${rule.decision}`;
    if (partly === undefined) return `${rule.name}: not its ${mismatch}`;
    return `${rule.name}: only some of its ${mismatch}, so at least ${rule.decision}`;
  });
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${oneLine(line)}\n`).join("");
  const { verdict, rule, reason } = decision;
  return `${verdict}, by the rule ${rule}: ${reason}\n\nThe question:\n${indented(facts)}\nThe rules in their order:\n${indented(rules)}`;
}

function toRuleLines(
  at: number,
  { name, decision, reason, ...matchers }: Explanation["judged"][number]["rule"],
): string {
  const when = Object.entries(matchers).flatMap(([matcher, value]) =>
    value === undefined ? [] : [`${matcher}=${Array.isArray(value) ? value.join(",") : String(value)}`],
  );
  const line = [String(at).padStart(3), decision.padEnd(7), name, ...when].join("  ");
  return `${oneLine(line)}\n     ${oneLine(reason)}\n`;
}

function toFinding({ rule, message }: ReachabilityFinding): string {
  return `${oneLine(`${rule}: ${message}`)}\n`;
}

function toResult({ name, passed, decision, expected }: ExpectationResult): string {
  if (passed) return name;
  const by = expected.rule === undefined ? "" : ` by ${expected.rule}`;
  return `${name}: expected ${expected.verdict}${by}, got ${decision.verdict} by ${decision.rule}`;
}
