import { openOperator, type SecretListing } from "@cos/control-plane";
import type { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { type Exit, guarded } from "./guarded.ts";
import { oneLine, printJson } from "./printing.ts";
import { toTable } from "./table.ts";

/** `cos secrets`: what secrets there are. Their values are never shown. */
export function addSecretCommands(secrets: Command, exit: Exit): void {
  const leaf = (name: string, summary: string, description: string) =>
    secrets.command(name).summary(summary).description(description).option("--json", "Print JSON.");

  leaf(
    "ls",
    "List the secrets that there are",
    "Lists the secrets that variables can refer to as secret://NAME, where each comes from, and whether it can be had. Values are never shown.",
  ).action(async ({ json = false }: { json?: boolean }) => {
    await guarded(json, exit, async () => {
      const { file, secrets: listed } = await openOperator().secrets.list();
      if (json) printJson({ file, secrets: listed });
      else if (listed.length === 0) process.stdout.write(`No secrets in ${oneLine(file)}.\n`);
      else process.stdout.write(await toTable(["NAME", "FROM", "STATE"], listed.map(toRow)));
      return exitCodes.ok;
    });
  });
  leaf(
    "check",
    "Find mistakes in the table of secrets",
    "Reads the table of secrets and every source that it names, and fails when one of them cannot be had.",
  ).action(async ({ json = false }: { json?: boolean }) => {
    await guarded(json, exit, async () => {
      const { file, secrets: listed } = await openOperator().secrets.list();
      const problems = listed.flatMap(({ name, problem }) => (problem === undefined ? [] : [{ name, problem }]));
      if (json) printJson({ file, secrets: listed.length, problems });
      else {
        for (const { name, problem } of problems) process.stdout.write(`${oneLine(`${name}: ${problem}`)}\n`);
        const count = listed.length === 1 ? "1 secret" : `${listed.length} secrets`;
        process.stdout.write(`${count} in ${oneLine(file)}, ${problems.length} cannot be had\n`);
      }
      return problems.length === 0 ? exitCodes.ok : exitCodes.failed;
    });
  });
}

function toRow({ name, source, problem }: SecretListing): string[] {
  return [oneLine(name), oneLine(source), oneLine(problem ?? "ok")];
}
