import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { toTable } from "./table.ts";

interface GcResult {
  readonly dryRun: boolean;
  readonly removed: readonly Leftover[];
  readonly skipped: readonly (Leftover & { readonly reason: string })[];
}

interface Leftover {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly sizeBytes: number;
}

/** `cos gc`: what was removed as a table, or with --quiet its ids. */
export const gc: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result, text } = await performHere(session, operation, input);
    const { dryRun, removed, skipped } = result as GcResult;
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(removed.map((leftover) => `${toShortId(leftover)}\n`).join(""));
    else {
      const rows = [
        ...removed.map((leftover) => toRow(leftover, dryRun ? "would go" : "removed")),
        ...skipped.map(({ reason, ...leftover }) => toRow(leftover, `kept: ${reason}`)),
      ];
      const table = rows.length === 0 ? "" : await toTable(["KIND", "ID", "NAME", "OWNER", "BYTES", "RESULT"], rows);
      process.stdout.write(`${table}${text.split("\n").at(-1)}\n`);
    }
    return exitCodes.ok;
  });

function toRow(leftover: Leftover, outcome: string): string[] {
  const { kind, name, owner, sizeBytes } = leftover;
  return [kind, toShortId(leftover), name, owner, kind === "network" ? "" : String(sizeBytes), outcome];
}

function toShortId({ id }: Leftover): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
