import { type AuditFilter, type AuditFinding, type AuditRecord, auditStages, openOperator } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { type Command, Option } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { type Exit, guarded } from "./guarded.ts";
import { coloured, oneLine, printJson } from "./printing.ts";
import { toCount, toTime } from "./values.ts";

interface FilterOptions {
  readonly json?: boolean;
  readonly since?: Date;
  readonly until?: Date;
  readonly caller?: string;
  readonly operation?: string;
  readonly target?: string;
  readonly outcome?: AuditRecord["stage"][];
}

/** `cos audit`: what was done, by whom, and whether the log is as cos wrote it. */
export function addAuditCommands(audit: Command, exit: Exit): void {
  withFilters(audit.command("tail").summary("Show the newest records").description("Shows the newest records."))
    .option("-n, --lines <number>", "How many.", toCount, 20)
    .option("-f, --follow", "Go on with what is written from now on.")
    .action(async ({ lines, follow = false, ...options }: FilterOptions & { lines: number; follow?: boolean }) => {
      await print(options, exit, { last: lines, follow });
    });
  withFilters(
    audit.command("query").summary("Show the records that match").description("Shows every record that matches."),
  )
    .option("--limit <number>", "Only the newest so many.", toCount)
    .action(async ({ limit, ...options }: FilterOptions & { limit?: number }) => {
      await print(options, exit, { last: limit });
    });
  audit
    .command("show <call>")
    .summary("Show everything about one call")
    .description("Shows every record of a call, given by its id or the start of it.")
    .option("--json", "Print JSON.")
    .action(async (call: string, { json = false }: { json?: boolean }) => {
      await guarded(json, exit, async (signal) => {
        const records = await readCall(call, signal);
        if (json) printJson(records);
        else process.stdout.write(records.map(toBlock).join("\n"));
        return exitCodes.ok;
      });
    });
  audit
    .command("verify")
    .summary("Check that nobody changed the log")
    .description(
      "Checks every record against the one before it and against the checkpoint. Exit codes: 0 intact; 1 broken, changed or cut; 3 intact, with something to look at, such as a change whose outcome nobody saw.",
    )
    .option("--json", "Print JSON.")
    .action(async ({ json = false }: { json?: boolean }) => {
      await guarded(json, exit, async () => {
        const verification = await openOperator().audit.verify();
        const { intact, records, files, findings } = verification;
        if (json) printJson(verification);
        else {
          const verdict = intact
            ? coloured(process.stdout, "green", "intact")
            : coloured(process.stdout, "red", "BROKEN");
          process.stdout.write(`${verdict}: ${records} records in ${files} files\n${findings.map(toFinding).join("")}`);
        }
        if (!intact) return exitCodes.failed;
        return findings.length > 0 ? exitCodes.remarks : exitCodes.ok;
      });
    });
}

/** Every record of the one call whose id begins so. */
async function readCall(call: string, signal: AbortSignal): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = [];
  for await (const record of openOperator().audit.read({ filter: { callId: call }, signal })) records.push(record);
  const calls = new Set(records.map(({ callId }) => callId));
  if (records.length === 0) {
    throw new CosError("not_found", `There is no record of a call ${JSON.stringify(call)}.`, {
      hint: "cos audit query shows what there is.",
    });
  }
  if (calls.size === 1) return records;
  throw new CosError("ambiguous", `${calls.size} calls have an id that begins with ${JSON.stringify(call)}.`, {
    hint: "Give more of the id.",
  });
}

function withFilters(command: Command): Command {
  return command
    .option("--since <time>", 'Not before: ISO 8601, or how long ago, e.g. "2h".', toTime)
    .option("--until <time>", "Not after; as --since.", toTime)
    .option("--caller <caller>", "Kind, name, or kind:name.")
    .option("--operation <name>", "Operation.")
    .option("--target <target>", "Part of the target's name, or the start of its id.")
    .addOption(new Option("--outcome <stage...>", "What became of it.").choices(auditStages))
    .option("--json", "Print one JSON object a line.");
}

async function print(
  { json = false, since, until, caller, operation, target, outcome }: FilterOptions,
  exit: Exit,
  more: { readonly last?: number | undefined; readonly follow?: boolean },
): Promise<void> {
  const filter: AuditFilter = { since, until, caller, operation, target, stages: outcome };
  await guarded(json, exit, async (signal) => {
    for await (const record of openOperator().audit.read({ filter, signal, ...more })) {
      process.stdout.write(json ? `${JSON.stringify(record)}\n` : `${toLine(record)}\n`);
    }
    return exitCodes.ok;
  });
}

const stageStyles: Readonly<Partial<Record<AuditRecord["stage"], "red" | "yellow" | "dim">>> = {
  denied: "yellow",
  failed: "red",
  unknown: "red",
  read: "dim",
};

function toLine({ time, stage, operation, caller, target, rule, consent, code, callId }: AuditRecord): string {
  const style = stageStyles[stage];
  const padded = stage.padEnd(9);
  const facts = [
    operation,
    `${caller.kind}:${caller.name}`,
    ...(target === undefined ? [] : [`${target.name} (${target.id.slice(0, 12)})`]),
    ...(rule === undefined ? [] : [`rule=${rule}`]),
    ...(consent === undefined ? [] : [`consent=${consent}`]),
    ...(code === undefined ? [] : [`code=${code}`]),
    `call=${callId.slice(0, 8)}`,
  ];
  return [time, style === undefined ? padded : coloured(process.stdout, style, padded), ...facts.map(oneLine)].join(
    "  ",
  );
}

function toBlock({ time, stage, prev: _prev, mac: _mac, ...rest }: AuditRecord): string {
  const facts = Object.entries(rest).map(
    ([name, value]) => `  ${name}: ${oneLine(typeof value === "object" ? JSON.stringify(value) : String(value))}\n`,
  );
  return `${time}  ${stage}\n${facts.join("")}`;
}

function toFinding({ broken, kind, writer, file, line, message }: AuditFinding): string {
  const place = [file ?? writer, ...(line === undefined ? [] : [String(line)])].join(":");
  return `${oneLine(`${broken ? "BROKEN" : "remark"}  ${kind}  ${place}  ${message}`)}\n`;
}
