import type { Call, ControlPlane, Outcome } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { expect } from "vitest";
import type { Authenticate } from "../http/authenticate.ts";
import { type HttpOptions, type HttpServer, serveHttp } from "../http/serve-http.ts";
import { controlPlaneWith } from "./control-plane.ts";

/** Who shows `Bearer NAME` is NAME: what comes before a session and after it is tested without tokens of any kind. */
const byName: Authenticate = async ([authorization = ""]) => {
  const name = /^Bearer ([a-z]+)$/.exec(authorization)?.[1];
  return name === undefined
    ? { refused: "Say who you are.", status: 401, challenge: "Bearer" }
    : { caller: { kind: "http", name, hostRoots: [] }, trustsDialogs: false };
};

/** A server of this process whose calls go to `perform`. */
export async function serveCalls(
  perform: ControlPlane["perform"],
  options: Partial<HttpOptions> = {},
): Promise<HttpServer> {
  return await serveHttp(
    { controlPlane: controlPlaneWith({ perform }), engines: ["local"] },
    { host: "127.0.0.1", port: 0, authenticate: byName, ...options },
  );
}

export const done: Outcome = { status: "done", callId: "1", result: {}, text: "done" };

/** Calls that run until they are cancelled. */
export function untilCancelled() {
  const calls: Call[] = [];
  const perform = (call: Call) =>
    new Promise<Outcome>((_resolve, reject) => {
      calls.push(call);
      call.signal?.addEventListener("abort", () => reject(new CosError("cancelled", "The call was cancelled.")));
    });
  return { perform, calls, cancelled: () => calls.filter(({ signal }) => signal?.aborted === true).length };
}

/** An answer that refuses with an error of JSON-RPC, and says nothing of the server. */
export function refusal(status: number, message: RegExp = /./) {
  const error = `\\{"code":-\\d+,"message":"[^"]*${message.source}[^"]*"\\}`;
  return { status, text: expect.stringMatching(new RegExp(`^\\{"jsonrpc":"2.0","id":null,"error":${error}\\}$`)) };
}
