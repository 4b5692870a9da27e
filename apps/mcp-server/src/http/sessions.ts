import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { ClientServer } from "../server.ts";
import type { Admitted } from "./authenticate.ts";

/** What one client and the server have said to each other since `initialize`. */
export interface Session {
  /** Answers one request of the client. */
  handle(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void>;
}

export interface Sessions extends AsyncDisposable {
  /** A new session, which its client finds again by the id that the answer to `initialize` names. */
  open(who: Admitted): Promise<Session>;
  /** The session of that id if it is this caller's. It ends when what the client has shown, now or before, is good no more. */
  find(id: string, who: Admitted): Session | undefined;
}

/** Keeps the sessions of all clients, each with a server of its own. */
export function createSessions(serverFor: (who: Admitted) => ClientServer): Sessions {
  interface OwnedSession extends Session {
    readonly owner: string;
    /** Ends the session with the first of what was shown in it. */
    endWith(who: Admitted): void;
    /** Cancels its calls, and closes it once they are answered. */
    end(): Promise<void>;
  }
  const sessions = new Map<string, OwnedSession>();
  return {
    async open(who) {
      const { server, cancel, settled } = serverFor(who);
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, session),
        onsessionclosed: (id) => void sessions.delete(id),
      });
      const shown = new Set<AbortSignal>();
      const over = new AbortController();
      const session: OwnedSession = {
        owner: who.caller.name,
        handle: (request: IncomingMessage, response: ServerResponse, body?: unknown) =>
          transport.handleRequest(request, response, body),
        endWith({ ended }) {
          if (ended === undefined || shown.has(ended)) return;
          shown.add(ended);
          if (ended.aborted) void session.end();
          else ended.addEventListener("abort", () => void session.end(), { signal: over.signal });
        },
        async end() {
          if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
          cancel();
          await settled();
          await server.close();
        },
      };
      server.onclose = () => {
        over.abort();
        cancel();
      };
      await server.connect(transport);
      session.endWith(who);
      return session;
    },
    find(id, who) {
      const session = sessions.get(id);
      if (session?.owner !== who.caller.name) return undefined;
      session.endWith(who);
      return session;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.values()].map((session) => session.end()));
      sessions.clear();
    },
  };
}
