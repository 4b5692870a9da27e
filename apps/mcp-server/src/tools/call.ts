import type { Call } from "@cos/control-plane";
import { decodeArguments } from "./decode.ts";

/** What the arguments of a call to a tool are read with. */
interface Reading {
  /** Whether they name an engine. */
  readonly takesEngine: boolean;
  /** The schema of the operation's input; unset for a tool that there is not. */
  readonly schema?: object | undefined;
}

/** The call that a request holds, right or not. The token and the engine are the adapter's own additions to the arguments. */
export function toCall(
  { name, arguments: written = {} }: Record<string, unknown> = {},
  { takesEngine, schema = {} }: Reading,
): Omit<Call, "caller"> {
  const operation = typeof name === "string" ? name : "";
  const given = decodeArguments(schema, written);
  if (typeof given !== "object" || given === null || Array.isArray(given)) return { operation, input: given };
  const call: { -readonly [Name in "engine" | "confirmToken"]?: string } = {};
  const input: Record<string, unknown> = { ...given };
  for (const field of takesEngine ? (["engine", "confirmToken"] as const) : (["confirmToken"] as const)) {
    if (!(field in input)) continue;
    // What is no string is no token that was ever issued and no engine's name, and neither is an empty one.
    call[field] = typeof input[field] === "string" ? input[field] : "";
    delete input[field];
  }
  return { operation, input, ...call };
}
