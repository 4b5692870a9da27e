import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/** Why a request is not answered as it wishes. The message is for anybody. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** JSON-RPC's code for it; that of servers in general unless set. */
  readonly code?: number;
  readonly headers?: OutgoingHttpHeaders;
}

/** Answers with an error of JSON-RPC. What is left of the request is not read. */
export function refuse(response: ServerResponse, { status, message, code = -32_000, headers }: Refusal): void {
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
