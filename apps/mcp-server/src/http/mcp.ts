import type { IncomingMessage, ServerResponse } from "node:http";
import {
  isInitializeRequest,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/sdk/types.js";
import type { ServerEvents } from "../observe/server-events.ts";
import type { Admitted } from "./authenticate.ts";
import type { Limits } from "./limits.ts";
import { readBody } from "./read-body.ts";
import { type Refusal, refuse, tooMany } from "./refuse.ts";
import type { Session, Sessions } from "./sessions.ts";

/** What the requests of clients are answered with. */
export interface McpDoors {
  readonly sessions: Sessions;
  readonly limits: Limits;
  readonly events: ServerEvents | undefined;
  /** Aborts when the server ends. */
  readonly ending: AbortSignal;
}

/** Most messages that a body may hold, in the version of the protocol that knows several. */
const maxMessages = 32;

/** Answers a request to `/mcp`, as the protocol's streamable HTTP says it. */
export async function answerMcp(
  request: IncomingMessage,
  response: ServerResponse,
  who: Admitted,
  doors: McpDoors,
): Promise<void> {
  const refusal = admit(request, doors) ?? (await take(request, response, who, doors));
  if (refusal !== undefined) refuse(response, refusal, { events: doors.events, caller: who.caller });
}

/** What can be said before anything is read. */
function admit({ method, headers }: IncomingMessage, { ending }: McpDoors): Refusal | undefined {
  if (ending.aborted) return { why: "unavailable", status: 503, message: "The server is about to end." };
  const wanted = accepts(headers.accept);
  switch (method) {
    case "POST":
      if (!wanted("application/json") || !wanted("text/event-stream"))
        return { why: "headers", status: 406, message: "Accept must have application/json and text/event-stream." };
      if (!/^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? ""))
        return { why: "headers", status: 415, message: "Content-Type must be application/json." };
      return undefined;
    case "GET":
      return wanted("text/event-stream")
        ? undefined
        : { why: "headers", status: 406, message: "Accept must have text/event-stream." };
    case "DELETE":
      return undefined;
    default:
      return {
        why: "method",
        status: 405,
        message: "There are only GET, POST and DELETE.",
        headers: { allow: "GET, POST, DELETE" },
      };
  }
}

function accepts(accept = "") {
  return (type: string) => accept.includes(type) || accept.includes("*/*");
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  who: Admitted,
  doors: McpDoors,
): Promise<Refusal | undefined> {
  const { method, headers } = request;
  if (method === "POST") {
    const body = await readBody(request, response);
    if (body === undefined) return void response.destroy();
    if ("refusal" in body) return body.refusal;
    const messages = toMessages(body.value);
    if (messages === undefined) return notMessages;
    return await takeMessages(messages, response, headers, who, doors);
  }
  const found = find(headers, who, doors);
  if ("refusal" in found) return found.refusal;
  const { transport, end } = found.session;
  if (method === "GET") {
    const last = headers["last-event-id"];
    return transport.listen(response, typeof last === "string" ? last : undefined);
  }
  response.writeHead(200, { "content-length": 0 }).end();
  await end();
  return undefined;
}

const notMessages: Refusal = {
  why: "body",
  status: 400,
  code: -32_600,
  message: "The body is no message of JSON-RPC.",
};

function toMessages(value: unknown): readonly JSONRPCMessage[] | undefined {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0 || values.length > maxMessages) return undefined;
  const messages: JSONRPCMessage[] = [];
  for (const one of values) {
    const parsed = JSONRPCMessageSchema.safeParse(one);
    if (!parsed.success) return undefined;
    messages.push(parsed.data);
  }
  return messages;
}

async function takeMessages(
  messages: readonly JSONRPCMessage[],
  response: ServerResponse,
  headers: IncomingMessage["headers"],
  who: Admitted,
  doors: McpDoors,
): Promise<Refusal | undefined> {
  const [first] = messages;
  const begins = messages.find((message) => "method" in message && message.method === "initialize");
  if (begins !== undefined) {
    if (begins !== first || messages.length > 1 || headers["mcp-session-id"] !== undefined)
      return {
        why: "session",
        status: 400,
        code: -32_600,
        message: "A session begins with initialize, alone and once.",
      };
    if (!isInitializeRequest(first) || !("id" in first))
      return { why: "body", status: 400, code: -32_602, message: "That is no way to initialize." };
    const opened = await doors.sessions.open(who, agreed(first.params.protocolVersion));
    if ("refusal" in opened) return opened.refusal;
    return opened.transport.receive(messages, response);
  }
  const found = find(headers, who, doors);
  if ("refusal" in found) return found.refusal;
  const calls = messages.filter((message) => "method" in message && "id" in message).length;
  if (calls > 0 && doors.sessions.running(who) + calls > doors.limits.callsPerCaller)
    return tooMany("concurrency", "There are too many calls at the same time.", 1);
  return found.session.transport.receive(messages, response);
}

function find(
  headers: IncomingMessage["headers"],
  who: Admitted,
  { sessions }: McpDoors,
): { readonly session: Session } | { readonly refusal: Refusal } {
  const id = headers["mcp-session-id"];
  if (typeof id !== "string")
    return { refusal: { why: "session", status: 400, message: "A session begins with initialize." } };
  const session = sessions.find(id, who);
  // The same for a session of somebody else as for none.
  if (session === undefined)
    return { refusal: { why: "session", status: 404, code: -32_001, message: "There is no such session." } };
  const version = headers["mcp-protocol-version"];
  if (version !== undefined && !SUPPORTED_PROTOCOL_VERSIONS.includes(String(version))) {
    const message = `The server speaks no such version of the protocol, but ${SUPPORTED_PROTOCOL_VERSIONS.join(", ")}.`;
    return { refusal: { why: "headers", status: 400, message } };
  }
  return { session };
}

/** The version that the SDK answers with to who wants that one. */
function agreed(wanted: string): string {
  return SUPPORTED_PROTOCOL_VERSIONS.includes(wanted) ? wanted : LATEST_PROTOCOL_VERSION;
}
