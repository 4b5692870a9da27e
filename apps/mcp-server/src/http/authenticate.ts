import type { Caller } from "@cos/control-plane";

/** Who sends a request, or why that is not known. */
export type Authentication =
  | { readonly caller: Caller }
  /** The reason is for the client, which may be anybody. */
  | { readonly refused: string };

/** Finds out who sends a request, from nothing but its `Authorization` header. Asked for every request. */
export type Authenticate = (authorization: string | undefined) => Promise<Authentication>;

/** Lets everybody in under one name: for a server that only its own machine reaches. */
export function anybodyAs(caller: Caller): Authenticate {
  return () => Promise.resolve({ caller });
}
