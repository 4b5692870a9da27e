import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ErrorCode, isInitializeRequest } from "@modelcontextprotocol/sdk/types.js";
import { createServer, type ServerParts } from "../server.ts";
import type { Authenticate } from "./authenticate.ts";
import { readBody } from "./read-body.ts";
import { createSessions, type Sessions } from "./sessions.ts";

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly authenticate: Authenticate;
  /** What anybody may read, by path; nothing unless set. */
  readonly published?: ReadonlyMap<string, object>;
}

/** Where clients reach the server. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves any number of clients over streamable HTTP at `/mcp`, until it is disposed of. */
export async function serveHttp(parts: Omit<ServerParts, "caller">, options: HttpOptions): Promise<HttpServer> {
  const { authenticate, host, port, published = new Map<string, object>() } = options;
  const sessions = createSessions(({ caller }) => createServer({ ...parts, caller }));
  const http = createHttpServer((request, response) => {
    answer(request, response, { authenticate, published, sessions }).catch(() =>
      refuse(response, 500, "Internal error."),
    );
  });
  http.listen(port, host);
  await once(http, "listening");
  const { address, port: chosen } = http.address() as AddressInfo;
  return {
    url: `http://${address}:${chosen}/mcp`,
    async [Symbol.asyncDispose]() {
      await sessions[Symbol.asyncDispose]();
      http.closeAllConnections();
      http.close();
    },
  };
}

interface Doors extends Required<Pick<HttpOptions, "authenticate" | "published">> {
  readonly sessions: Sessions;
}

async function answer(request: IncomingMessage, response: ServerResponse, doors: Doors) {
  const { authenticate, published, sessions } = doors;
  const document = request.method === "GET" ? published.get(request.url ?? "") : undefined;
  if (document !== undefined) return send(response, 200, document);
  const who = await authenticate(request.headersDistinct["authorization"] ?? []);
  if ("refused" in who) {
    if (who.challenge !== undefined) response.setHeader("www-authenticate", who.challenge);
    return refuse(response, who.status, who.refused);
  }
  if (request.url !== "/mcp") return refuse(response, 404, "There is nothing here but /mcp.");
  const body = request.method === "POST" ? await readBody(request) : undefined;
  const id = request.headers["mcp-session-id"];
  if (id === undefined && !isInitializeRequest(body)) return refuse(response, 400, "A session begins with initialize.");
  const session = typeof id === "string" ? sessions.find(id, who) : await sessions.open(who);
  if (session === undefined) return refuse(response, 404, "There is no such session.");
  await session.handle(request, response, body);
}

/** Answers with an error of JSON-RPC. */
function refuse(response: ServerResponse, status: number, message: string): void {
  const error = { code: ErrorCode.InvalidRequest, message };
  send(response, status, { jsonrpc: "2.0", id: null, error });
}

function send(response: ServerResponse, status: number, document: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(document));
}
