import type { Caller } from "@cos/control-plane";

/** Who sends a request. */
export interface Admitted {
  readonly caller: Caller;
  /** Whether the operator trusts the client to show its user what it is asked, and to answer only what the user answers. */
  readonly trustsDialogs: boolean;
  /**
   * Aborts when what the client has shown is good no more; every session in which it was shown ends then. Unset where
   * nothing takes it back.
   */
  readonly ended?: AbortSignal | undefined;
}

/** Why that is not known. All of it is for the client, which may be anybody. */
export interface Refused {
  readonly refused: string;
  /** 401; 403 when it is known who asks, and that this one may not; 503 when nobody can be let in until something is mended. */
  readonly status: 401 | 403 | 503;
  /** How to get in, as the header `WWW-Authenticate` says it. */
  readonly challenge?: string;
}

/**
 * Finds out who sends a request, from nothing but its `Authorization` headers, of which there should be one. Asked for
 * every request, so what was shown before counts for nothing.
 */
export type Authenticate = (authorization: readonly string[]) => Promise<Admitted | Refused>;

/** Lets everybody in under one name: for a server that only its own machine reaches. */
export function anybodyAs(caller: Caller): Authenticate {
  return () => Promise.resolve({ caller, trustsDialogs: false });
}
