import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authenticate } from "./authenticate.ts";
import { type Gate, preflightHeaders } from "./gate.ts";
import type { RateLimit } from "./limits.ts";
import { answerMcp, type McpDoors } from "./mcp.ts";
import { refuse, tooMany } from "./refuse.ts";

/** What requests are answered with. */
export interface Doors extends McpDoors {
  readonly gate: Gate;
  readonly authenticate: Authenticate;
  /** Of requests of every caller, whatever they are for. */
  readonly rate: RateLimit;
  /** What anybody may read, by path. */
  readonly published: ReadonlyMap<string, object>;
  /** In the text format of Prometheus. */
  readonly metrics?: (() => string | Promise<string>) | undefined;
  /** Says why no calls can be made at the moment. */
  readonly isReady: () => Promise<string | undefined>;
}

const reasons = { 401: "unauthenticated", 403: "forbidden", 503: "unavailable" } as const;

/** Answers one request. */
export async function answer(request: IncomingMessage, response: ServerResponse, doors: Doors): Promise<void> {
  const { gate, authenticate, published, events } = doors;
  const path = /^[^?#]*/.exec(request.url ?? "")?.[0] ?? "";
  const isGet = request.method === "GET" || request.method === "HEAD";
  // For whoever looks after the process, under whatever name it is reached.
  if (isGet && path === "/healthz") return send(response, 200, "text/plain", "ok\n");
  const refusal = gate.check(request);
  if (refusal !== undefined) return refuse(response, refusal, { events });
  for (const [name, value] of Object.entries(gate.headersFor(request))) response.setHeader(name, value ?? "");
  if (request.method === "OPTIONS" && request.headers.origin !== undefined)
    return void response.writeHead(204, preflightHeaders).end();
  const document = isGet ? published.get(path) : undefined;
  if (document !== undefined) return send(response, 200, "application/json", JSON.stringify(document));

  const who = await authenticate(authorizationOf(request));
  // Who has left meanwhile would be waited for.
  if (response.destroyed) return;
  if ("refused" in who) {
    const { status, refused: message, challenge } = who;
    const headers = challenge === undefined ? {} : { "www-authenticate": challenge };
    return refuse(response, { why: reasons[status], status, message, headers }, { events });
  }
  const { caller } = who;
  const waitSeconds = doors.rate.take(caller.name);
  if (waitSeconds > 0)
    return refuse(response, tooMany("rate", "There are too many requests.", waitSeconds), { events, caller });
  if (path === "/mcp") return await answerMcp(request, response, who, doors);
  if (isGet && (await answerGet(path, response, doors))) return;
  refuse(response, { why: "path", status: 404, message: "There is nothing here but /mcp." }, { events, caller });
}

async function answerGet(path: string, response: ServerResponse, { metrics, isReady }: Doors): Promise<boolean> {
  if (path === "/readyz") {
    const reason = await isReady();
    send(response, reason === undefined ? 200 : 503, "text/plain", `${reason ?? "ok"}\n`);
    return true;
  }
  if (path !== "/metrics" || metrics === undefined) return false;
  send(response, 200, "text/plain; version=0.0.4; charset=utf-8", await metrics());
  return true;
}

/** Every one of them: of several, Node's `headers` shows the first. */
function authorizationOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "authorization");
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(text);
}
