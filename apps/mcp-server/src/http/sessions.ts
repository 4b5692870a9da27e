import { randomUUID } from "node:crypto";
import type { ServerEvents } from "../observe/server-events.ts";
import type { ClientServer } from "../server.ts";
import type { Admitted } from "./authenticate.ts";
import type { Limits } from "./limits.ts";
import type { Refusal } from "./refuse.ts";
import { SessionTransport } from "./session-transport.ts";

/** What one client and the server have said to each other since `initialize`. */
export interface Session {
  readonly transport: SessionTransport;
  /** Cancels its calls, and closes it once they are answered. */
  readonly end: () => Promise<void>;
}

export interface Sessions extends AsyncDisposable {
  readonly size: number;
  /** A new session in a version of the protocol, which its client finds again by its random id. */
  open(who: Admitted, version: string): Promise<Session | { readonly refusal: Refusal }>;
  /**
   * The session of that id if it is this caller's, and as trusted with dialogs as what the client has shown. It ends when
   * what the client has shown, now or before, is good no more.
   */
  find(id: string, who: Admitted): Session | undefined;
  /** How many calls of a caller run. */
  running(who: Admitted): number;
}

interface OwnedSession extends Session {
  readonly owner: string;
  readonly trustsDialogs: boolean;
  /** Ends the session with the first of what was shown in it. */
  endWith(who: Admitted): void;
}

/** Keeps the sessions of all clients, each with a server of its own. */
export function createSessions(
  serverFor: (who: Admitted) => ClientServer,
  limits: Limits,
  events?: ServerEvents,
): Sessions {
  const sessions = new Map<string, OwnedSession>();
  const ofOwners = new Map<string, Set<OwnedSession>>();
  const lookAfter = setInterval(() => {
    for (const { transport, end } of sessions.values()) {
      const { quietMs, running } = transport;
      if (quietMs > (running > 0 ? limits.abandonedMs : limits.idleMs)) void end();
      else transport.keepAlive();
    }
  }, limits.lookMs).unref();

  const makeRoom = (own: ReadonlySet<OwnedSession>) => {
    const idle = [...own].filter(({ transport }) => transport.running === 0 && transport.quietMs > 0);
    void idle.toSorted((a, b) => b.transport.quietMs - a.transport.quietMs)[0]?.end();
  };
  const start = async (who: Admitted, version: string, own: Set<OwnedSession>) => {
    const { server, cancel, settled } = serverFor(who);
    const transport = new SessionTransport(randomUUID(), version);
    const facts = { id: transport.sessionId, caller: who.caller };
    const shown = new Set<AbortSignal>();
    const endSoon = () => void session.end();
    let ended: Promise<void> | undefined;
    const session: OwnedSession = {
      owner: who.caller.name,
      trustsDialogs: who.trustsDialogs,
      transport,
      endWith: ({ ended: signal }) => {
        if (signal === undefined || shown.has(signal)) return;
        shown.add(signal);
        if (signal.aborted) endSoon();
        else signal.addEventListener("abort", endSoon);
      },
      end: () => (ended ??= finish()),
    };
    const finish = async () => {
      sessions.delete(transport.sessionId);
      events?.sessionClosed(facts);
      own.delete(session);
      if (own.size === 0) ofOwners.delete(session.owner);
      // By hand: of several listeners with a signal to end them, Node forgets all but the last.
      for (const signal of shown) signal.removeEventListener("abort", endSoon);
      cancel();
      await settled();
      // The SDK sends the last answers in this turn.
      await new Promise((resolve) => setImmediate(resolve));
      await server.close();
    };
    sessions.set(transport.sessionId, session);
    ofOwners.set(session.owner, own.add(session));
    events?.sessionOpened(facts);
    server.onclose = () => void session.end();
    await server.connect(transport);
    session.endWith(who);
    return session;
  };

  return {
    get size() {
      return sessions.size;
    },
    async open(who, version) {
      const own = ofOwners.get(who.caller.name) ?? new Set();
      if (own.size >= limits.sessionsPerCaller) makeRoom(own);
      if (own.size >= limits.sessionsPerCaller) return { refusal: { ...tooMany, status: 429 } };
      if (sessions.size >= limits.sessions) return { refusal: { ...tooMany, status: 503 } };
      return await start(who, version, own);
    },
    find(id, who) {
      const session = sessions.get(id);
      if (session?.owner !== who.caller.name || session.trustsDialogs !== who.trustsDialogs) return undefined;
      session.endWith(who);
      return session;
    },
    running({ caller }) {
      let count = 0;
      for (const { transport } of ofOwners.get(caller.name) ?? []) count += transport.running;
      return count;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(lookAfter);
      await Promise.all([...sessions.values()].map((session) => session.end()));
    },
  };
}

const tooMany = { why: "sessions", message: "There are too many sessions.", headers: { "retry-after": "30" } } as const;
