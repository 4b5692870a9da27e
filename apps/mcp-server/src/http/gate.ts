import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Refusal } from "./refuse.ts";

/** Which names the server answers to, and for which web pages. */
export interface GateOptions {
  /** Values of `Host`, with the port where that is not the scheme's own. */
  readonly hosts: readonly string[];
  /** Values of `Origin`. */
  readonly origins: readonly string[];
}

/** Keeps out web pages that talk to the server behind their reader's back, under a name of their own or as themselves. */
export interface Gate {
  check(request: IncomingMessage): Refusal | undefined;
  /** What a browser has to be told so that the page that asks gets its answer. */
  headersFor(request: IncomingMessage): OutgoingHttpHeaders;
}

export function createGate({ hosts, origins }: GateOptions): Gate {
  const knownHosts = new Set(hosts.map((host) => host.toLowerCase()));
  const knownOrigins = new Set(origins.map((origin) => origin.toLowerCase()));
  return {
    check({ rawHeaders, headers }) {
      // Of several, Node shows the first.
      const times = (name: string) => rawHeaders.filter((header, at) => at % 2 === 0 && isNamed(header, name)).length;
      if (times("host") !== 1 || !knownHosts.has(headers.host?.toLowerCase() ?? ""))
        return { why: "host", status: 403, message: "The server does not answer to this Host." };
      if (headers.origin === undefined) return undefined;
      if (times("origin") !== 1 || !knownOrigins.has(headers.origin.toLowerCase()))
        return { why: "origin", status: 403, message: "The server does not answer to this Origin." };
      return undefined;
    },
    headersFor: ({ headers: { origin } }) =>
      origin === undefined
        ? {}
        : {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": "mcp-session-id, www-authenticate, retry-after",
            vary: "origin",
          },
  };
}

/** The answer to a browser that asks whether a page of an allowed origin may send a request. */
export const preflightHeaders: OutgoingHttpHeaders = {
  "access-control-allow-methods": "GET, POST, DELETE",
  "access-control-allow-headers":
    "accept, authorization, content-type, last-event-id, mcp-protocol-version, mcp-session-id",
  "access-control-max-age": "600",
};

function isNamed(header: string, name: string): boolean {
  return header.length === name.length && header.toLowerCase() === name;
}
