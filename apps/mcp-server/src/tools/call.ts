import type { Call } from "@cos/control-plane";

/** The call that a request holds, right or not. The token and the engine are the adapter's own additions to the arguments. */
export function toCall(
  { name, arguments: given = {} }: Record<string, unknown> = {},
  takesEngine: boolean,
): Omit<Call, "caller"> {
  const operation = typeof name === "string" ? name : "";
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
