import { CosError, printable } from "@cos/core";
import { asksYes } from "../consent.ts";
import { coloured, oneLine, printJson } from "../printing.ts";
import { hereCaller } from "../session.ts";
import { describeChange } from "./change.ts";
import { type ClientName, clientOf } from "./clients.ts";
import { thisMachine } from "./machine.ts";
import { carryOut, type Plan, planChange, type Wanted } from "./plan.ts";
import { type Scope, type ServerRequest, toServer } from "./server.ts";

/** How a change is made and told. */
export interface ChangeOptions {
  readonly scope: Scope;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** `cos mcp add`: tells a client of cos, after showing what changes in its file. */
export async function addClient(
  client: ClientName,
  request: ServerRequest,
  options: ChangeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { projectFolder, toEntry } = clientOf(client);
  const machine = thisMachine();
  const server = await toServer(request, { scope: options.scope, projectFolder, machine });
  const note = server.transport === "http" ? sayToken(server.tokenEnv) : undefined;
  await change({ client, scope: options.scope, entry: toEntry(server) }, options, signal, note);
}

/** `cos mcp remove`: takes cos out of a client's file. */
export async function removeClient(client: ClientName, options: ChangeOptions, signal: AbortSignal): Promise<void> {
  await change({ client, scope: options.scope, entry: undefined }, options, signal);
}

async function change(wanted: Wanted, options: ChangeOptions, signal: AbortSignal, note?: string): Promise<void> {
  const machine = thisMachine();
  const plan = await planChange(wanted, machine);
  const diff = describeChange(plan.file.text, plan.text);
  const changes = plan.change !== "unchanged";
  const write = changes && !options.dryRun;
  if (!options.json && changes) {
    const stream = options.dryRun ? process.stdout : process.stderr;
    stream.write(`${oneLine(plan.file.file)}\n${diff.map((line) => `${inColour(stream, line)}\n`).join("")}`);
  }
  if (write && !options.yes) await ask(options, signal);
  if (write) await carryOut(plan, wanted, machine);
  if (options.json) {
    const { client, scope, entry } = wanted;
    printJson({ client, scope, file: plan.file.file, change: plan.change, written: write, entry, diff });
  } else process.stdout.write([sayResult(plan, write), ...(note === undefined ? [] : [note]), ""].join("\n"));
}

/** How a client that connects is let in. */
function sayToken(tokenEnv: string | undefined): string {
  return tokenEnv === undefined
    ? "It shows no token, which does for OAuth and --insecure-no-auth; otherwise give --token-env."
    : `It shows the token that it finds in the variable ${tokenEnv}; cos token create NAME makes one.`;
}

/** @throws CosError `denied` unless a person at the terminal says yes. */
async function ask({ json }: ChangeOptions, signal: AbortSignal): Promise<void> {
  if (json || hereCaller().kind !== "terminal" || !process.stderr.isTTY) {
    throw new CosError("denied", "This needs a yes.", { hint: "Answer with --yes, or only look with --dry-run." });
  }
  if (await asksYes("Write it? [y/N] ", signal)) return;
  throw new CosError("denied", "Nothing was changed: the answer was not yes.");
}

function sayResult({ client, scope, change, previous, file }: Plan, written: boolean): string {
  const { title, next } = clientOf(client);
  const path = oneLine(file.file);
  if (change === "unchanged") {
    return previous === undefined ? `${title} does not know cos. (${path})` : `${title} knows cos already. (${path})`;
  }
  if (!written) return "Nothing was written.";
  const words = {
    added: "knows cos now",
    replaced: "has the new entry for cos now",
    removed: "does not know cos any more",
  }[change];
  return `${title} ${words}.${change === "removed" ? "" : ` ${next(scope)}`}`;
}

function inColour(stream: NodeJS.WriteStream, line: string): string {
  const style = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "dim";
  return coloured(stream, style, printable(line));
}
