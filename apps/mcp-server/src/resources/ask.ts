import type { Outcome } from "@cos/control-plane";
import { refused } from "../requests.ts";
import type { ServerParts } from "../server.ts";

/**
 * Performs an operation that only reads, as the client's own call, and gives its result.
 *
 * @throws CosError as `perform` does; `refused` when policy does not simply allow it.
 */
export type Ask = (operation: string, input: object) => Promise<unknown>;

export function createAsk(
  { controlPlane, caller }: Pick<ServerParts, "controlPlane" | "caller">,
  engine: string,
  signal: AbortSignal,
): Ask {
  return async (operation, input) => {
    const outcome = await controlPlane.perform({ operation, input, caller, engine, signal });
    if (outcome.status === "done") return outcome.result;
    throw refused(`${outcome.reason} (rule ${outcome.rule}) ${whatNext(outcome, operation)}`);
  };
}

/** A read cannot be repeated with a token, and says nothing of what waits. The tool for the same does. */
function whatNext({ status }: Outcome, operation: string): string {
  if (status === "denied") return `The tool ${operation} is denied the same.`;
  return `This takes a consent: use the tool ${operation} instead, which asks for it.`;
}
