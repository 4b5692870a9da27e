import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";

/** Makes one call and sees that it was answered. */
export type McpClient = (id: number) => Promise<void>;

const initialize = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};
const toCall = (id: number) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "ping", arguments: {} } });

function check(text: string, id: number, echoes: boolean): void {
  if (!text.includes(`"id":${id}`) || !text.includes(echoes ? '"ping"' : '"status":"done"'))
    throw new Error(`it answered ${text}`);
}

/** A client over HTTP with a connection for each call that runs. */
export async function openHttpClient(url: string, echoes: boolean): Promise<McpClient> {
  const agent = new Agent({ keepAlive: true });
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const post = async (body: string) => {
    const sent = request(url, { method: "POST", agent, headers: { ...headers, "content-length": body.length } });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    let text = "";
    response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    await once(response, "end");
    return { text, session: response.headers["mcp-session-id"] };
  };
  if (!echoes) {
    const { session } = await post(JSON.stringify(initialize));
    headers["mcp-session-id"] = String(session);
    headers["mcp-protocol-version"] = initialize.params.protocolVersion;
  }
  return async (id) => check((await post(toCall(id))).text, id, echoes);
}

/** A client on standard input and output. */
export async function openStdioClient({ stdin, stdout }: ChildProcess, echoes: boolean): Promise<McpClient> {
  if (stdin === null || stdout === null) throw new Error("it has no standard input and output");
  const waiting = new Map<number, (line: string) => void>();
  createInterface(stdout).on("line", (line) => waiting.get((JSON.parse(line) as { id: number }).id)?.(line));
  const ask = async (id: number, line: string) => {
    const answer = new Promise<string>((resolve) => waiting.set(id, resolve));
    stdin.write(`${line}\n`);
    return await answer;
  };
  if (!echoes) await ask(0, JSON.stringify(initialize));
  return async (id) => check(await ask(id, toCall(id)), id, echoes);
}
