import { type Grant, type GrantRequest, openOperator } from "@cos/control-plane";
import { CosError } from "@cos/core";
import type { Command } from "commander";
import { asksYes } from "./consent.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Exit, guarded } from "./guarded.ts";
import { oneLine, printJson } from "./printing.ts";
import { hereCaller } from "./session.ts";
import { toCount, toDuration } from "./values.ts";

interface AddOptions {
  readonly target?: string;
  readonly caller: string;
  readonly engine?: string;
  readonly uses: number;
  readonly for: number;
  readonly json?: boolean;
}

/** `cos grants`: a person's standing yes to what would otherwise ask each time. */
export function addGrantCommands(grants: Command, exit: Exit): void {
  grants
    .command("add <operation>")
    .summary("Say yes beforehand")
    .description(
      "Says yes beforehand to calls of one operation by one caller, a number of times and until a time. It stands in for a confirmation or an approval; what the rules deny stays denied. Only a person at a terminal can make one.",
    )
    .option("--target <glob>", "Names of the targets, e.g. web-*. Without it: only calls that have no target.")
    .requiredOption("--caller <name>", "Whose calls, e.g. the NAME of cos-mcp --as NAME.")
    .option("--engine <name>", "Only on this engine.")
    .option("-n, --uses <number>", "How often it can be used.", toCount, 1)
    .option("--for <time>", "How long it holds, e.g. 15m or 8h.", toDuration, 3600)
    .option("--json", "Print JSON.")
    .addHelpText(
      "after",
      "\nExamples:\n  cos grants add container_restart --target 'web-*' --caller agent --uses 5 --for 2h",
    )
    .action(async (operation: string, { json = false, target, caller, engine, uses, for: forSeconds }: AddOptions) => {
      await guarded(json, exit, async (signal) => {
        const by = hereCaller();
        if (by.kind !== "terminal" || !process.stderr.isTTY) {
          throw new CosError("denied", "A grant is made by a person at a terminal.", { hint: "Run this in one." });
        }
        const operator = openOperator();
        const request = { operation, targetName: target, callerName: caller, engine, uses, forSeconds };
        const grant = operator.grants.define(request, by);
        const times = uses === 1 ? "once" : `${uses} times`;
        process.stderr.write(
          `${oneLine(toPermission(grant))}, ${times} until ${grant.expiresAt}, without being asked.\n`,
        );
        if (!(await asksYes("Grant it? [y/N] ", signal))) throw new CosError("denied", "Nothing was granted.");
        operator.grants.add(grant, by);
        if (json) printJson(grant);
        else process.stdout.write(`${oneLine(toLine(grant))}\n`);
        return exitCodes.ok;
      });
    });
  grants
    .command("ls")
    .summary("List what was granted")
    .description("Lists what was granted, with how often it was used.")
    .option("--json", "Print JSON.")
    .action(async ({ json = false }: { json?: boolean }) => {
      await guarded(json, exit, async () => {
        const all = openOperator().grants.list();
        if (json) printJson(all);
        else if (all.length === 0) process.stdout.write("No grants.\n");
        else process.stdout.write(all.map((one) => `${oneLine(toLine(one))}\n`).join(""));
        return exitCodes.ok;
      });
    });
  grants
    .command("revoke <id>")
    .summary("Take a grant back")
    .description("Takes a grant back, at once and for every process.")
    .option("--json", "Print JSON.")
    .action(async (id: string, { json = false }: { json?: boolean }) => {
      await guarded(json, exit, async () => {
        const grant = openOperator().grants.revoke(id, hereCaller());
        if (json) printJson(grant);
        else process.stdout.write(`revoked ${oneLine(toLine(grant))}\n`);
        return exitCodes.ok;
      });
    });
}

function toLine(grant: Grant): string {
  const { id, uses, used, expiresAt } = grant;
  const over = Date.parse(expiresAt) <= Date.now() ? "expired" : `until ${expiresAt}`;
  return `${id}  ${toPermission(grant)}  used ${used} of ${uses}  ${over}`;
}

function toPermission({
  callerName,
  operation,
  targetName,
  engine,
}: Pick<GrantRequest, "callerName" | "operation" | "targetName" | "engine">): string {
  const what = targetName === undefined ? operation : `${operation} ${targetName}`;
  return `${callerName} may ${what}${engine === undefined ? "" : ` on ${engine}`}`;
}
