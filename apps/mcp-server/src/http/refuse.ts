import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Caller } from "@cos/control-plane";
import type { RefusalReason, ServerEvents } from "../observe/server-events.ts";

/** Why a request is not answered as it wishes. The message is for anybody. */
export interface Refusal {
  /** For whoever runs the server. */
  readonly why: RefusalReason;
  readonly status: number;
  readonly message: string;
  /** JSON-RPC's code for it; that of servers in general unless set. */
  readonly code?: number;
  readonly headers?: OutgoingHttpHeaders;
}

/** The refusal of what would be good a moment later. */
export function tooMany(why: "rate" | "concurrency", message: string, seconds: number): Refusal {
  return { why, status: 429, message, headers: { "retry-after": String(seconds) } };
}

/** Who hears of it, and of whom. */
interface Audience {
  readonly events?: ServerEvents | undefined;
  readonly caller?: Caller | undefined;
}

/** Answers with an error of JSON-RPC. What is left of the request is not read. */
export function refuse(response: ServerResponse, refusal: Refusal, { events, caller }: Audience = {}): void {
  const { why, status, message, code = -32_000, headers } = refusal;
  events?.refused({ why, status, caller, address: response.req.socket.remoteAddress });
  if (response.headersSent) return void response.destroy();
  const text = JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message } });
  response.writeHead(status, {
    ...headers,
    ...(response.req.complete ? {} : { connection: "close" }),
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
