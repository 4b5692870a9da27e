import { once } from "node:events";
import { CosError } from "@cos/core";
import { say } from "../say.ts";
import type { HttpListening } from "../serve.ts";
import type { ServerParts } from "../server.ts";
import { anybodyAs } from "./authenticate.ts";
import { isLoopback } from "./loopback.ts";
import { serveHttp } from "./serve-http.ts";

/**
 * Serves clients over HTTP until the process is told to end.
 *
 * @param parts with whom everybody is who is let in without a name of their own.
 * @throws CosError when it would be reached by others than it should, or the address cannot be had.
 */
export async function listen(
  { caller, ...parts }: ServerParts,
  { host, port, noAuth }: HttpListening,
  told: AbortSignal,
): Promise<void> {
  if (!noAuth) {
    throw new CosError("failed_precondition", "There is no way for clients to say who they are.", {
      hint: "Give --insecure-no-auth to let in whoever reaches the port.",
    });
  }
  if (!isLoopback(host)) {
    throw new CosError("failed_precondition", `Without tokens, other machines must not reach the server at ${host}.`, {
      hint: "Leave --host out, or --insecure-no-auth.",
    });
  }
  await using server = await serveHttp(parts, { host, port, authenticate: anybodyAs(caller) });
  say(`Serving at ${server.url}`);
  if (!told.aborted) await once(told, "abort");
}
