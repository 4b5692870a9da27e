import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "@cos/control-plane";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { ClientServer } from "../server.ts";

/** What one client and the server have said to each other since `initialize`. */
export interface Session {
  /** Answers one request of the client. */
  handle(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void>;
}

export interface Sessions extends AsyncDisposable {
  /** A new session, which its client finds again by the id that the answer to `initialize` names. */
  open(caller: Caller): Promise<Session>;
  /** The session of that id if it is this caller's. */
  find(id: string, caller: Caller): Session | undefined;
}

/** Keeps the sessions of all clients, each with a server of its own. */
export function createSessions(serverFor: (caller: Caller) => ClientServer): Sessions {
  const sessions = new Map<string, Session & { readonly owner: string; end(): Promise<void> }>();
  return {
    async open(caller) {
      const { server, cancel, settled } = serverFor(caller);
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, session),
        onsessionclosed: (id) => void sessions.delete(id),
      });
      const session = {
        owner: caller.name,
        handle: (request: IncomingMessage, response: ServerResponse, body?: unknown) =>
          transport.handleRequest(request, response, body),
        async end() {
          cancel();
          await settled();
          await server.close();
        },
      };
      server.onclose = cancel;
      await server.connect(transport);
      return session;
    },
    find(id, caller) {
      const session = sessions.get(id);
      return session?.owner === caller.name ? session : undefined;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.values()].map((session) => session.end()));
      sessions.clear();
    },
  };
}
