import type { VolumeSummary } from "@cos/control-plane";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { toAge, toTable } from "./table.ts";

const titles = ["NAME", "OWNER", "AGE", "PURPOSE"];

/** `cos volume ls`: volumes as a table, or with --quiet their names. */
export const volumes: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result } = await performHere(session, operation, input);
    const { volumes } = result as { volumes: VolumeSummary[] };
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(volumes.map(({ name }) => `${name}\n`).join(""));
    else process.stdout.write(await toTable(titles, volumes.map(toRow)));
    return exitCodes.ok;
  });

function toRow({ name, owner, ownership, createdAt, purpose = "" }: VolumeSummary): string[] {
  return [name, owner ?? `(${ownership})`, createdAt === undefined ? "" : toAge(createdAt), purpose];
}
