import {
  type ApprovalView,
  decideApproval,
  listApprovals,
  openOperator,
  showApproval,
  watchApprovals,
} from "@cos/control-plane";
import { CosError } from "@cos/core";
import type { Command } from "commander";
import { asksYes } from "./consent.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Exit, guarded } from "./guarded.ts";
import { coloured, oneLine, printError, printJson } from "./printing.ts";
import { hereCaller } from "./session.ts";

/** `cos approvals`: what waits for a person, and the person's answer. */
export function addApprovalCommands(approvals: Command, exit: Exit): void {
  approvals
    .command("ls")
    .summary("List what waits for approval")
    .description("Lists the calls that wait for a person, in every process of cos that this user runs.")
    .option("--json", "Print JSON.")
    .action(async ({ json = false }: { json?: boolean }) => {
      await guarded(json, exit, async (signal) => {
        const { approvals: waiting, warnings } = await listApprovals(openOperator().approver(), { signal });
        for (const warning of warnings) printError(warning, json);
        if (json) printJson(waiting);
        else if (waiting.length === 0) process.stdout.write("Nothing waits for approval.\n");
        else process.stdout.write(waiting.map(toLines).join(""));
        return exitCodes.ok;
      });
    });
  approvals
    .command("show <reference>")
    .summary("Show what would happen")
    .description("Shows everything about a call that waits. What its caller wrote stands apart, and last.")
    .option("--json", "Print JSON.")
    .action(async (reference: string, { json = false }: { json?: boolean }) => {
      await guarded(json, exit, async (signal) => {
        const { approval } = await showApproval(openOperator().approver(), reference, { signal });
        if (json) printJson(approval);
        else process.stdout.write(toPage(approval, process.stdout));
        return exitCodes.ok;
      });
    });
  approvals
    .command("approve <reference>")
    .summary("Say yes")
    .description(
      "Shows a call that waits, asks, and says yes to it: to exactly this, once, if its caller repeats it in the next minutes and nothing has changed.",
    )
    .option("-y, --yes", "Do not ask again.")
    .option("--json", "Print JSON.")
    .action(async (reference: string, { json = false, yes = false }: { json?: boolean; yes?: boolean }) => {
      await guarded(json, exit, async (signal) => {
        const access = openOperator().approver();
        const { approval } = await showApproval(access, reference, { signal });
        if (!yes) await askApprover(approval, signal);
        printDecided(await decideApproval(access, approval, { approved: true }, { signal }), json);
        return exitCodes.ok;
      });
    });
  approvals
    .command("deny <reference>")
    .summary("Say no")
    .description("Says no to a call that waits. Repeating it is answered with the same no for some minutes.")
    .option("--comment <text>", "What the caller is told about it.")
    .option("--json", "Print JSON.")
    .action(async (reference: string, { json = false, comment }: { json?: boolean; comment?: string }) => {
      await guarded(json, exit, async (signal) => {
        const access = openOperator().approver();
        const { approval } = await showApproval(access, reference, { signal });
        printDecided(await decideApproval(access, approval, { approved: false, comment }, { signal }), json);
        return exitCodes.ok;
      });
    });
  approvals
    .command("watch")
    .summary("Show requests as they come")
    .description("Shows what waits, and then every request as it comes and what becomes of it, until Ctrl-C.")
    .option("--json", "Print one JSON object a line.")
    .action(async ({ json = false }: { json?: boolean }) => {
      await guarded(json, exit, async (signal) => {
        for await (const event of watchApprovals(openOperator().approver(), { signal })) {
          if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
          else if (event.type === "warning") printError(event.warning, false);
          else if (event.type === "ended") process.stdout.write(`ended      process ${event.server.pid}\n`);
          else process.stdout.write(`${event.what.padEnd(9)}  ${toLines(event.approval)}`);
        }
        return exitCodes.ok;
      });
    });
}

/** Shows the person what it is about. @throws CosError `denied` unless the person says yes. */
async function askApprover(approval: ApprovalView, signal: AbortSignal): Promise<void> {
  if (hereCaller().kind !== "terminal" || !process.stderr.isTTY) {
    throw new CosError("denied", "To approve, a person has to see what it is.", {
      hint: "Run this at a terminal, or look at it with `cos approvals show` and answer with --yes.",
    });
  }
  process.stderr.write(toPage(approval, process.stderr));
  if (!(await asksYes("Approve it? [y/N] ", signal))) throw new CosError("denied", "Nothing was decided.");
}

function printDecided(approval: ApprovalView, json: boolean): void {
  if (json) printJson(approval);
  else process.stdout.write(`${approval.state} ${toLines(approval)}`);
}

function toLines({ reference, operation, target, caller, text, requestedAt, expiresAt }: ApprovalView): string {
  const what = target === undefined ? operation : `${operation} ${target.name ?? target.id.slice(0, 12)}`;
  const parts = [
    reference,
    what,
    `by ${caller.kind}:${caller.name}`,
    `${toAge(requestedAt)} ago`,
    `${toLeft(expiresAt)} left`,
  ];
  return `${oneLine(parts.join("  "))}\n          ${oneLine(text)}\n`;
}

/**
 * Everything a person has to know, for a stream. The rule's and cos's own words come first, the caller's last, each line
 * marked.
 */
function toPage(view: ApprovalView, stream: NodeJS.WriteStream): string {
  const { operation, engine, caller, target, asks, input, server } = view;
  const whose = target?.owner ?? "not made by cos here";
  const facts: readonly (readonly [string, string])[] = [
    ["reference", view.reference],
    ["operation", `${operation} on engine ${engine}`],
    ["requester", `${caller.kind}:${caller.name} (process ${server.pid})`],
    ["target", target === undefined ? "none" : `${target.kind} ${target.name ?? ""} ${target.id}, ${whose}`],
    ["asks for", asks === undefined ? "nothing besides" : JSON.stringify(asks)],
    ["changes", JSON.stringify(view.changes)],
    ["rule", `${view.rule}: ${view.reason}`],
    ["asked", `${toAge(view.requestedAt)} ago, ${toLeft(view.expiresAt)} left`],
  ];
  const written = JSON.stringify(input, null, 2).split("\n");
  return [
    `${coloured(stream, "bold", oneLine(view.text))}\n`,
    ...facts.map(([name, value]) => `  ${name.padEnd(10)} ${oneLine(value)}\n`),
    `${coloured(stream, "dim", "The caller wrote:")}\n`,
    ...written.map((line) => `  | ${oneLine(line)}\n`),
    ...(view.cut ? ["It is longer than what is shown here.\n"] : []),
  ].join("");
}

function toAge(time: string): string {
  return toSpan(Date.now() - Date.parse(time));
}

function toLeft(time: string): string {
  return toSpan(Date.parse(time) - Date.now());
}

function toSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
