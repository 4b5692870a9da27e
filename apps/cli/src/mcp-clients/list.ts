import { CosError } from "@cos/core";
import { oneLine, printJson } from "../printing.ts";
import { toTable } from "../table.ts";
import { type ClientName, clientNames, clientOf, fileOf } from "./clients.ts";
import { isTable } from "./config-text.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { readEntry } from "./plan.ts";
import type { Scope } from "./server.ts";

/** A client's file, and what it says of cos. */
interface Listing {
  readonly client: ClientName;
  readonly scope: Scope;
  readonly file: string;
  /** What the client starts, or where it connects; not there when it does not know cos. */
  readonly server?: string;
  /** Why that cannot be said. */
  readonly problem?: string;
}

/** `cos mcp ls`: the clients of this user and of the project here that have a file, and what it says of cos. */
export async function listClients({ json }: { readonly json: boolean }): Promise<void> {
  const machine = thisMachine();
  const scopes = clientNames.flatMap((client) => {
    const { project } = clientOf(client).files;
    return (["user", ...(project === undefined ? [] : ["project"])] as Scope[]).map((scope) => ({ client, scope }));
  });
  const listings = await Promise.all(scopes.map(({ client, scope }) => look(client, scope, machine)));
  const found = listings.filter((listing) => listing !== undefined);
  if (json) printJson({ clients: found });
  else if (found.length === 0) process.stdout.write("No client that cos knows has a file here.\n");
  else process.stdout.write(await toTable(["CLIENT", "SCOPE", "COS", "FILE"], found.map(toRow)));
}

async function look(client: ClientName, scope: Scope, machine: Machine): Promise<Listing | undefined> {
  const listing = { client, scope, file: fileOf(client, scope, machine) };
  try {
    const { exists, entry } = await readEntry(client, scope, machine);
    if (!exists) return undefined;
    return entry === undefined ? listing : { ...listing, server: describe(entry) };
  } catch (error) {
    return { ...listing, problem: CosError.from(error).message };
  }
}

/** The address without what may be secret, or the command line. */
function describe(entry: unknown): string {
  if (!isTable(entry)) return "?";
  const { url, command, args } = entry;
  if (typeof url === "string") return URL.canParse(url) ? new URL(url).origin + new URL(url).pathname : "?";
  return [command, ...(Array.isArray(args) ? (args as unknown[]) : [])].map(String).join(" ");
}

function toRow({ client, scope, file, server, problem }: Listing): string[] {
  return [client, scope, oneLine(problem ?? server ?? "no"), oneLine(file)];
}
