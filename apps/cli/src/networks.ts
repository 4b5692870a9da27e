import type { NetworkSummary } from "@cos/control-plane";
import { exitCodes } from "./exit-codes.ts";
import { performHere, withSession } from "./perform.ts";
import { printJson } from "./printing.ts";
import type { Action } from "./program.ts";
import { toAge, toTable } from "./table.ts";

const titles = ["ID", "NAME", "LEADS OUT", "OWNER", "AGE", "PURPOSE"];

/** `cos network ls`: networks as a table, or with --quiet their ids. */
export const networks: Action = (operation, input, settings) =>
  withSession(settings, async (session) => {
    const { result } = await performHere(session, operation, input);
    const { networks } = result as { networks: NetworkSummary[] };
    if (settings.json) printJson(result);
    else if (settings.quiet) process.stdout.write(networks.map(({ id }) => `${id.slice(0, 12)}\n`).join(""));
    else process.stdout.write(await toTable(titles, networks.map(toRow)));
    return exitCodes.ok;
  });

function toRow({ id, name, internal, owner, ownership, createdAt, purpose = "" }: NetworkSummary): string[] {
  return [id.slice(0, 12), name, internal ? "no" : "yes", owner ?? `(${ownership})`, toAge(createdAt), purpose];
}
