import { Argument, type Command, Option } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { type Exit, guarded } from "../guarded.ts";
import { type ClientName, clientNames } from "./clients.ts";
import type { Scope } from "./server.ts";

interface ChangeFlags {
  readonly scope: Scope;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface AddFlags extends ChangeFlags {
  readonly as?: string;
  readonly root?: readonly string[];
  readonly readOnly?: boolean;
  readonly toolsets?: string;
  readonly tools?: string;
  readonly http?: string;
  readonly tokenEnv?: string;
}

const collect = (value: string, values: readonly string[] = []) => [...values, value];

/**
 * `cos mcp`: which MCP clients know cos.
 *
 * @param rest what stands after `--`.
 */
export function addMcpCommands(mcp: Command, exit: Exit, rest: readonly string[]): void {
  const add = mcp
    .command("add")
    .summary("Tell an MCP client of cos")
    .description(
      "Writes into a client's configuration how it starts cos, or where it connects to it. Shows what changes first, asks, and leaves the rest of the file as it is. An older entry called cos gets the new values, and keeps what else you wrote into it. What stands after -- starts the server instead of npx, e.g. an image of it.",
    )
    .addArgument(clientArgument())
    .option("--as <name>", "The name that the client acts and owns under (default: its own).")
    .option("--root <dir>", "A directory that workloads may mount or build from; may be repeated.", collect)
    .option("--read-only", "Refuse everything that changes something.")
    .option("--toolsets <list>", "The toolsets that it offers, as cos-mcp --toolsets takes them.")
    .option("--tools <list>", "Single tools that it offers, as cos-mcp --tools takes them.")
    .option("--http <url>", "Connect to a server that listens there, e.g. http://127.0.0.1:8770/mcp.")
    .option("--token-env <name>", "With --http: the variable that the client finds its bearer token in.");
  withChangeFlags(add);
  add
    .addHelpText(
      "after",
      "\nExamples:\n  cos mcp add claude-code --root ~/src\n  cos mcp add vscode --scope project --read-only --dry-run\n  cos mcp add codex --http http://127.0.0.1:8770/mcp --token-env COS_TOKEN\n  cos mcp add cursor -- docker run -i --rm -v /var/run/docker.sock:/var/run/docker.sock cos-mcp",
    )
    .action(async (client: ClientName, { as, root = [], readOnly = false, ...flags }: AddFlags) => {
      await guarded(flags.json === true, exit, async (signal) => {
        const { addClient } = await import("./add.ts");
        const { toolsets, tools, http, tokenEnv } = flags;
        const given = { as: as ?? client, asGiven: as !== undefined, roots: root, readOnly };
        const request = { ...given, toolsets, tools, http, tokenEnv, command: rest };
        await addClient(client, request, toOptions(flags), signal);
        return exitCodes.ok;
      });
    });
  mcp
    .command("ls")
    .summary("List the clients, and whether they know cos")
    .description("Lists the clients that have configuration, for this user and in the working directory.")
    .option("--json", "Print JSON.")
    .action(async ({ json = false }: { json?: boolean }) => {
      await guarded(json, exit, async () => {
        const { listClients } = await import("./list.ts");
        await listClients({ json });
        return exitCodes.ok;
      });
    });
  const remove = mcp
    .command("remove")
    .summary("Make an MCP client forget cos")
    .description("Takes cos out of a client's configuration, and leaves the rest of the file as it is.")
    .addArgument(clientArgument());
  withChangeFlags(remove).action(async (client: ClientName, flags: ChangeFlags) => {
    await guarded(flags.json === true, exit, async (signal) => {
      const { removeClient } = await import("./add.ts");
      await removeClient(client, toOptions(flags), signal);
      return exitCodes.ok;
    });
  });
}

const clientArgument = () => new Argument("<client>", "The client.").choices(clientNames);

function withChangeFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--scope <scope>", "For this user everywhere, or for the project in the working directory.")
        .choices(["user", "project"])
        .default("user"),
    )
    .option("-y, --yes", "Do not ask.")
    .option("--dry-run", "Only show what would change.")
    .option("--json", "Print JSON.");
}

function toOptions({ scope, yes = false, dryRun = false, json = false }: ChangeFlags) {
  return { scope, yes, dryRun, json };
}
