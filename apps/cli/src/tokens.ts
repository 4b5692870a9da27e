import { type AccessToken, openOperator } from "@cos/control-plane";
import { Argument, type Command } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { type Exit, guarded } from "./guarded.ts";
import { oneLine, printJson } from "./printing.ts";
import { hereCaller } from "./session.ts";
import { toAge, toTable } from "./table.ts";
import { toDuration } from "./values.ts";

interface CreateOptions {
  readonly ttl?: number;
  readonly trustDialogs?: boolean;
  readonly json?: boolean;
}

/** `cos token`: what agents show to a server that they reach over HTTP. */
export function addTokenCommands(tokens: Command, exit: Exit): void {
  tokens
    .command("create")
    .summary("Make a token for a caller")
    .description(
      "Makes an access token, with which an MCP client connects to `cos serve` as the caller of this name. The token is printed once, on standard output; cos keeps only its hash. A caller can have several, so that one can take the place of another.",
    )
    .addArgument(new Argument("<name>", "The caller's name, e.g. that of a client or a machine. It owns what is made."))
    .option("--ttl <time>", "How long it is good, e.g. 12h or 90d. Without it: until it is revoked.", toDuration)
    .option(
      "--trust-dialogs",
      "Trust its client to show dialogs to a person, and to answer them only as the person does. Then confirmations are asked for there.",
    )
    .option("--json", "Print JSON.")
    .addHelpText(
      "after",
      "\nExamples:\n  export COS_TOKEN=$(cos token create laptop)\n  cos mcp add cursor --http http://127.0.0.1:8770/mcp --token-env COS_TOKEN\n  cos token create ci --ttl 12h > token.txt",
    )
    .action(async (name: string, { json = false, ttl, trustDialogs }: CreateOptions) => {
      await guarded(json, exit, async () => {
        const request = { name, forSeconds: ttl, trustsDialogs: trustDialogs };
        const { secret, token } = openOperator().tokens.create(request, hereCaller());
        if (json) {
          printJson({ ...token, token: secret });
          return exitCodes.ok;
        }
        const end = token.expiresAt === undefined ? "until it is revoked" : `until ${token.expiresAt}`;
        process.stderr.write(
          `A token for ${oneLine(name)}, good ${end}. It is shown this once; to take it back: cos token revoke ${token.id}\n`,
        );
        process.stdout.write(`${secret}\n`);
        return exitCodes.ok;
      });
    });
  tokens
    .command("ls")
    .summary("List the tokens")
    .description("Lists whose access tokens there are, and how long they are good. The tokens themselves are not kept.")
    .option("--json", "Print JSON.")
    .action(async ({ json = false }: { json?: boolean }) => {
      await guarded(json, exit, async () => {
        const all = openOperator().tokens.list();
        if (json) printJson(all);
        else if (all.length === 0) process.stdout.write("No tokens.\n");
        else process.stdout.write(await toTable(["ID", "NAME", "AGE", "EXPIRES", "DIALOGS"], all.map(toRow)));
        return exitCodes.ok;
      });
    });
  tokens
    .command("revoke")
    .summary("Take tokens back")
    .description(
      "Takes back one token, by its id, or all of a name. Servers refuse them at once, also in sessions that are open, and cancel what runs there.",
    )
    .addArgument(new Argument("<token>", "Its id, as cos token ls shows it, or a caller's name."))
    .option("--json", "Print JSON.")
    .action(async (idOrName: string, { json = false }: { json?: boolean }) => {
      await guarded(json, exit, async () => {
        const revoked = openOperator().tokens.revoke(idOrName, hereCaller());
        if (json) printJson(revoked);
        else process.stdout.write(revoked.map(({ id, name }) => `revoked ${id}  ${oneLine(name)}\n`).join(""));
        return exitCodes.ok;
      });
    });
}

function toRow({ id, name, createdAt, expiresAt, trustsDialogs }: AccessToken): string[] {
  const over = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
  const end = over ? "expired" : (expiresAt ?? "never");
  return [id, oneLine(name), toAge(createdAt), end, trustsDialogs ? "trusted" : "no"];
}
