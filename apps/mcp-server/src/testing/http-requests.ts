import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Message } from "./messages.ts";

/** What a server answered, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** One request, as somebody may send it who does everything wrong. */
export interface HttpRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** As it is, or as JSON. */
  readonly body?: string | object;
}

const usual = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const client = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } };

/** Sends a request on a connection of its own, and answers as soon as the headers of the answer are there. */
export async function open(url: string, { method = "POST", path, headers, body = "" }: HttpRequest) {
  const { hostname, port, protocol } = new URL(url);
  const sent = request({
    protocol,
    host: hostname.replace(/^\[|\]$/g, ""),
    port,
    // As it is: a URL would tidy it up.
    path: path ?? "/mcp",
    method,
    agent: new Agent(),
    headers: { ...usual, ...headers } as Record<string, string>,
  });
  sent.end(typeof body === "string" ? body : JSON.stringify(body));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

export async function send(url: string, what: HttpRequest): Promise<HttpAnswer> {
  const response = await open(url, what);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk as string;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** Writes bytes to a server, and reads until it closes the connection. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(bytes);
  let read = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (read += chunk));
  // It may close while something is still being written.
  socket.on("error", () => undefined);
  await once(socket, "close");
  return read;
}

/** A client's session, by its headers. */
export interface HttpSession {
  readonly headers: Readonly<Record<string, string>>;
  send(what: HttpRequest): Promise<HttpAnswer>;
  /** Sends a message, and answers with the last one that comes back. */
  ask(id: number, method: string, params?: object): Promise<Message>;
}

/** Initializes a session. @throws when it is refused. */
export async function openSession(url: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpSession> {
  const initialize = { jsonrpc: "2.0", id: 0, method: "initialize", params: client };
  const begun = await send(url, { headers, body: initialize });
  const id = begun.headers["mcp-session-id"];
  if (typeof id !== "string") throw new Error(`no session was opened: ${begun.status} ${begun.text}`);
  const own = { ...headers, "mcp-session-id": id, "mcp-protocol-version": client.protocolVersion };
  const sendOwn = (what: HttpRequest) => send(url, { ...what, headers: { ...own, ...what.headers } });
  await sendOwn({ body: { jsonrpc: "2.0", method: "notifications/initialized" } });
  return {
    headers: own,
    send: sendOwn,
    async ask(id, method, params = {}) {
      const { status, text } = await sendOwn({ body: { jsonrpc: "2.0", id, method, params } });
      const last = toMessages(text).at(-1);
      if (last === undefined) throw new Error(`it answered ${status} ${text}`);
      return last;
    },
  };
}

/** The messages of a finished stream of events. */
function toMessages(text: string): Message[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, data = ""]) => JSON.parse(data) as Message);
}

/** A stream of events, as far as it has come. */
export interface Events {
  /** The ids of its events, of those without data too. */
  readonly ids: readonly string[];
  readonly messages: readonly Message[];
  /** Resolves when it has ended, or its connection is gone. */
  readonly over: Promise<void>;
  /** Breaks the connection, as a client does that dies. */
  drop(): void;
}

export function readEvents(response: IncomingMessage): Events {
  const ids: string[] = [];
  const messages: Message[] = [];
  createInterface(response).on("line", (line) => {
    const [, field, value = ""] = /^(id|data): ?(.*)$/.exec(line) ?? [];
    if (field === "id") ids.push(value);
    if (field === "data" && value !== "") messages.push(JSON.parse(value) as Message);
  });
  response.on("error", () => undefined);
  const over = new Promise<void>((resolve) => response.once("close", resolve));
  return { ids, messages, over, drop: () => void response.destroy() };
}
