import { CosError } from "@cos/core";
import { invalidParams } from "../requests.ts";
import type { ServerParts } from "../server.ts";
import type { Look } from "./prompt.ts";

/** A way to look at an engine, the default one unless set, that ends when the request is cancelled. */
export function createLook(
  { controlPlane, caller }: Pick<ServerParts, "controlPlane" | "caller">,
  engine: string | undefined,
  signal: AbortSignal,
): Look {
  return async (operation, input) => {
    const outcome = await controlPlane.perform({ operation, input, caller, engine, signal });
    if (outcome.status === "done") return { ok: true, result: outcome.result, text: outcome.text };
    const why = `${outcome.reason} (rule ${outcome.rule})`;
    return { ok: false, why, preview: outcome.status === "denied" ? undefined : outcome.preview };
  };
}

/** Does something with an argument, of which it says that it is not right when that is what turns out. */
export async function withArgument<T>(argument: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message, hint } = CosError.from(error);
    if (code !== "invalid_argument" && code !== "not_found" && code !== "ambiguous") throw error;
    throw invalidParams(`The argument \`${argument}\`: ${message}${hint === undefined ? "" : ` ${hint}`}`);
  }
}
