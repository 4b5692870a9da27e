import { openOperator } from "@cos/control-plane";
import { say } from "../../say.ts";

/**
 * Makes an access token when there is none, so that the first client can connect, and says how. That is the one time that
 * it is told.
 *
 * @param name the caller that it is for.
 * @param url where clients reach the server.
 * @throws CosError `failed_precondition` when the list of tokens cannot be used; `invalid_argument` for a name that no agent can have.
 */
export function makeFirstToken({ env, name, url }: { env: NodeJS.ProcessEnv; name: string; url: string }): void {
  const { tokens } = openOperator({ env });
  if (tokens.list().length > 0) return;
  const kind = process.stdin.isTTY && process.stderr.isTTY ? "terminal" : "script";
  const { secret } = tokens.create({ name }, { kind, name: "user", hostRoots: [] });
  say(`There was no access token, so here is one for the caller ${name}. It is shown this once: ${secret}`);
  say(`A client connects with: claude mcp add --transport http cos ${url} --header "Authorization: Bearer ${secret}"`);
  say("For others: cos token create NAME");
}
