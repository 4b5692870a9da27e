import type { Caller } from "@cos/control-plane";

/** Why a request got no further than the door. A closed list: metrics count by it. */
export type RefusalReason =
  /** There are too many connections, or this one is from an address that none should come from. */
  | "connections"
  | "address"
  /** The `Host` or `Origin` is none that the server answers to. */
  | "host"
  | "origin"
  /** It does not say who sends it, or that one may not come in. */
  | "unauthenticated"
  | "forbidden"
  /** Nothing is there, or not by that method, or not in a form that is asked for. */
  | "path"
  | "method"
  | "headers"
  /** What was sent is too long, too deep or not right. */
  | "body"
  /** The session is none, over, or somebody else's; or there are too many. */
  | "session"
  | "sessions"
  /** The caller sends too many requests in a time, or at a time. */
  | "rate"
  | "concurrency"
  /** The server ends, lacks what it needs to let anybody in, or failed. */
  | "unavailable"
  | "internal";

/** What happens to a server besides calls. Nothing of it throws. */
export interface ServerEvents {
  sessionOpened(session: SessionFacts): void;
  sessionClosed(session: SessionFacts): void;
  /** A request was answered with an error before it became a call, or with none. */
  refused(refusal: RefusalFacts): void;
}

export interface SessionFacts {
  readonly id: string;
  readonly caller: Caller;
}

export interface RefusalFacts {
  readonly why: RefusalReason;
  /** Of HTTP, if there was an answer. */
  readonly status?: number | undefined;
  /** Where it came from. */
  readonly address?: string | undefined;
  /** Who sent it, if that is known. */
  readonly caller?: Caller | undefined;
}

/** Tells each event to all. */
export function tellAll(listeners: readonly ServerEvents[]): ServerEvents {
  return {
    sessionOpened: (session) => listeners.forEach((listener) => listener.sessionOpened(session)),
    sessionClosed: (session) => listeners.forEach((listener) => listener.sessionClosed(session)),
    refused: (refusal) => listeners.forEach((listener) => listener.refused(refusal)),
  };
}
