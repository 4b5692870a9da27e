import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";

/** A real client with a session of its own. */
export interface HttpClient extends AsyncDisposable {
  /** Calls a tool, whatever becomes of it. */
  call(name: string, input?: Record<string, unknown>, meta?: Record<string, unknown>): Promise<unknown>;
}

/** Connects to where a server listens for HTTP. */
export async function connectHttp(url: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpClient> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport as Transport);
  return {
    call: (name, input = {}, meta = {}) => client.callTool({ name, arguments: input, _meta: meta }),
    async [Symbol.asyncDispose]() {
      await transport.terminateSession();
      await client.close();
    },
  };
}
