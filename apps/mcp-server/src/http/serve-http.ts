import { once } from "node:events";
import { createServer as createPlainServer, type RequestListener } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { CosError } from "@cos/core";
import { sayFailure } from "../say.ts";
import type { ServerEvents } from "../observe/server-events.ts";
import { createServer, type ServerParts } from "../server.ts";
import type { Authenticate } from "./authenticate.ts";
import { createGate, type GateOptions } from "./gate.ts";
import { createRateLimit, defaultLimits, type Limits } from "./limits.ts";
import { isLoopback } from "./loopback.ts";
import { refuse } from "./refuse.ts";
import { answer, type Doors } from "./routes.ts";
import { createSessions } from "./sessions.ts";

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly authenticate: Authenticate;
  /** What anybody may read, by path; nothing unless set. */
  readonly published?: ReadonlyMap<string, object> | undefined;
  /** Names and web pages that the server answers to beside those of the address that it listens on. */
  readonly allowed?: GateOptions | undefined;
  /** In PEM. Without it, what is sent can be read on the way. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Whether connections may come from that address; from any unless set. */
  readonly isTrusted?: ((address: string) => boolean) | undefined;
  /** Metrics of the process in the text format of Prometheus; there are none unless set. */
  readonly metrics?: Doors["metrics"];
  /** Says why no calls can be made at the moment; nothing unless set. */
  readonly isReady?: Doors["isReady"];
  readonly limits?: Partial<Limits> | undefined;
  /** Hears of sessions and of refused requests. */
  readonly events?: ServerEvents | undefined;
}

/** Where clients reach the server. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
  /** How many sessions there are. */
  readonly sessions: number;
}

/** How long clients may take to read the last answers, in milliseconds. */
const farewellMs = 1000;

/** Serves any number of clients over streamable HTTP at `/mcp`, until it is disposed of. */
export async function serveHttp(parts: Omit<ServerParts, "caller">, options: HttpOptions): Promise<HttpServer> {
  const { host, port, tls, isTrusted, authenticate, published = new Map<string, object>(), events } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const sessions = createSessions(
    ({ caller, trustsDialogs }) => createServer({ ...parts, caller, trustsDialogs }),
    limits,
    events,
  );
  const ending = new AbortController();
  let doors: Doors | undefined;

  const listener: RequestListener = (request, response) => {
    if (doors === undefined) return void response.destroy();
    answer(request, response, doors).catch((error: unknown) => {
      sayFailure(CosError.from(error));
      refuse(response, { why: "internal", status: 500, code: -32_603, message: "Internal error." }, { events });
    });
  };
  const timeouts = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersMs),
  };
  const http =
    tls === undefined
      ? createPlainServer(timeouts, listener)
      : createTls({ ...timeouts, ...tls, minVersion: "TLSv1.2", handshakeTimeout: limits.headersMs }, listener);
  http.on("checkContinue", listener);
  http.maxConnections = limits.connections;
  (http as NetServer).on("drop", (socket) => events?.refused({ why: "connections", address: socket?.remoteAddress }));
  if (isTrusted !== undefined) {
    (http as NetServer).prependListener("connection", (socket) => {
      if (isTrusted(socket.remoteAddress ?? "")) return;
      events?.refused({ why: "address", address: socket.remoteAddress });
      socket.destroy();
    });
  }
  await listenOn(http, host, port);
  const { address, family, port: chosen } = http.address() as AddressInfo;
  const scheme = tls === undefined ? "http" : "https";
  const own = family === "IPv6" ? `[${address}]` : address;
  doors = {
    authenticate,
    published,
    metrics: options.metrics,
    isReady: async () => (ending.signal.aborted ? "The server is about to end." : await options.isReady?.()),
    gate: createGate(withOwn(scheme, [own, host], chosen, options.allowed)),
    sessions,
    limits,
    rate: createRateLimit(limits.ratePerSecond),
    events,
    ending: ending.signal,
  };
  return {
    url: `${scheme}://${own}:${chosen}/mcp`,
    get sessions() {
      return sessions.size;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      const closed = new Promise((resolve) => http.close(resolve));
      await sessions[Symbol.asyncDispose]();
      http.closeIdleConnections();
      const patience = setTimeout(() => http.closeAllConnections(), farewellMs);
      await closed;
      clearTimeout(patience);
    },
  };
}

/** @throws CosError when the certificate and its key are none, or not each other's. */
function createTls(options: TlsOptions, listener: RequestListener) {
  try {
    return createTlsServer(options, listener);
  } catch (cause) {
    throw new CosError("failed_precondition", "The certificate cannot be used with this key.", {
      hint: "Look at --tls-cert and --tls-key: both are in PEM, and belong together.",
      cause,
    });
  }
}

async function listenOn(http: NetServer, host: string, port: number): Promise<void> {
  try {
    http.listen(port, host);
    await once(http, "listening");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CosError(
      "failed_precondition",
      `The server cannot listen at ${host}, port ${port}: ${code ?? "unknown"}.`,
      {
        hint: code === "EADDRINUSE" ? "Something else listens there; choose another --port." : "Choose another --host.",
        cause,
      },
    );
  }
}

/** The names that the address itself has, and what else is allowed. */
function withOwn(scheme: string, names: readonly string[], port: number, allowed?: GateOptions): GateOptions {
  const all = names.some(isLoopback) ? [...names, "127.0.0.1", "[::1]", "localhost"] : names.filter(isName);
  const standard = port === (scheme === "http" ? 80 : 443);
  const hosts = all.flatMap((name) => [`${name}:${port}`, ...(standard ? [name] : [])]);
  return {
    hosts: [...hosts, ...(allowed?.hosts ?? [])],
    origins: [...hosts.map((name) => `${scheme}://${name}`), ...(allowed?.origins ?? [])],
  };
}

/** A wildcard is an address to listen on, and nobody's name. */
function isName(address: string): boolean {
  return !["0.0.0.0", "::", "[::]"].includes(address);
}
