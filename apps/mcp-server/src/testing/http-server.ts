import type { Call, ControlPlane, Outcome } from "@cos/control-plane";
import { CosError } from "@cos/core";
import type { OAuthClientProvider } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { openAccess } from "../http/access/access.ts";
import type { OauthSettings } from "../http/access/oauth-settings.ts";
import { serveHttp } from "../http/serve-http.ts";
import { controlPlaneWith } from "./control-plane.ts";
import type { Installation } from "./installation.ts";

/** A server in this process that lets in who shows a token, and what its callers did. */
export interface GuardedServer extends AsyncDisposable {
  readonly url: string;
  /** What was called. A `container_wait` runs until it is cancelled, the rest ends at once. */
  readonly calls: readonly Call[];
  /** Sends a request as it is. */
  request(headers?: Readonly<Record<string, string>>, options?: RequestInit & { path?: string }): Promise<Response>;
  /** Connects a real client that shows a token, or gets one by itself. */
  connect(token: string | OAuthClientProvider): Promise<Client>;
}

/** @param toOauth whose tokens count beside the installation's own, now that it is known where clients reach the server. */
export async function startGuarded(
  { env }: Installation,
  toOauth?: (url: string) => OauthSettings,
): Promise<GuardedServer> {
  const calls: Call[] = [];
  const perform: ControlPlane["perform"] = (call) => {
    calls.push(call);
    const done: Outcome = { status: "done", callId: "1", result: {}, text: "done" };
    if (call.operation !== "container_wait") return Promise.resolve(done);
    return new Promise((_resolve, reject) => {
      const cancelled = () => reject(new CosError("cancelled", "The call was cancelled."));
      call.signal?.addEventListener("abort", cancelled);
      if (call.signal?.aborted === true) cancelled();
    });
  };
  const published = new Map<string, object>();
  const server = await serveHttp(
    { controlPlane: controlPlaneWith({ perform }), engines: ["local"] },
    { host: "127.0.0.1", port: 0, published, authenticate: (headers) => access.authenticate(headers) },
  );
  const access = openAccess({ env, hostRoots: ["/srv"], oauth: toOauth?.(server.url) });
  for (const [path, document] of access.published) published.set(path, document);
  return {
    url: server.url,
    calls,
    request: (headers = {}, { path = "/mcp", ...options } = {}) =>
      fetch(new URL(path, server.url), {
        ...options,
        headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers },
      }),
    async connect(token) {
      const client = new Client({ name: "test", version: "1.0.0" });
      const how =
        typeof token === "string"
          ? { requestInit: { headers: { authorization: `Bearer ${token}` } } }
          : { authProvider: token };
      await client.connect(new StreamableHTTPClientTransport(new URL(server.url), how) as Transport);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      access[Symbol.dispose]();
    },
  };
}

/** The first message of a session. */
export const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } },
});
