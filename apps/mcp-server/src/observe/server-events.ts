import type { Caller } from "@cos/control-plane";

/** Why a request got no further than the door. A closed list: metrics count by it. */
export type RefusalReason =
  /** The `Host` or `Origin` is none that the server answers to. */
  | "host"
  | "origin"
  /** Nobody who may come in. */
  | "unauthenticated"
  | "forbidden"
  /** Nothing is there, or not by that method. */
  | "path"
  | "method"
  /** The session is none, over, or somebody else's. */
  | "session"
  /** There are too many sessions. */
  | "sessions"
  /** What was sent is too long, too deep, too slow or not right. */
  | "body"
  | "timeout"
  /** Too many requests, in a time or at a time. */
  | "rate"
  | "concurrency"
  /** The server failed, or is ending. */
  | "internal"
  | "ending";

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
