import { existsSync, readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Endpoint } from "./endpoints.ts";

/** What may accompany a request to the engine. */
export interface RequestInput {
  readonly body?: Readable;
  readonly signal?: AbortSignal;
}

/** Sends one request to the engine and answers with the response, whose body the caller reads. */
export async function sendRequest(
  endpoint: Pick<Endpoint, "url" | "certificates">,
  method: string,
  path: string,
  { body, signal }: RequestInput = {},
): Promise<IncomingMessage> {
  const headers = body ? { "content-type": "application/x-tar" } : {};
  const options: RequestOptions = {
    method,
    path,
    headers,
    agent: false,
    ...(signal ? { signal } : {}),
  };
  return new Promise((resolve, reject) => {
    const request = openRequest(endpoint, options).on("response", resolve).on("error", reject);
    if (body) void pipeline(body, request).catch(reject);
    else request.end();
  });
}

function openRequest({ url, certificates }: Pick<Endpoint, "url" | "certificates">, options: RequestOptions) {
  if (url.startsWith("unix://")) return httpRequest({ ...options, socketPath: url.slice("unix://".length) });
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "tcp:" && protocol !== "http:" && protocol !== "https:") {
    throw new Error(`${protocol}// is not supported here; forward its socket and set DOCKER_HOST=unix://…`);
  }
  if (certificates === undefined && protocol !== "https:") {
    return httpRequest({ ...options, hostname, port: port || 2375 });
  }
  const read = (file: string) => {
    const path = join(certificates ?? "", file);
    return existsSync(path) ? readFileSync(path) : undefined;
  };
  const tls = { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
  return httpsRequest({ ...options, ...tls, hostname, port: port || 2376 });
}

/** Why the engine does not answer, or undefined when it does. */
export async function whySilent(endpoint: Endpoint): Promise<string | undefined> {
  try {
    const response = await sendRequest(endpoint, "GET", "/_ping", {
      signal: AbortSignal.timeout(3000),
    });
    response.resume();
    return response.statusCode === 200 ? undefined : `HTTP ${String(response.statusCode)}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === undefined || code === "ABORT_ERR" ? message : code;
  }
}

/**
 * Reads a response that is a stream of JSON messages.
 * @throws Error with the engine's words, also when they arrive inside a stream that began well.
 */
export async function readMessages(response: IncomingMessage, onMessage: () => void = () => {}): Promise<void> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    onMessage();
    text = (text + String(chunk)).slice(-16_384);
  }
  const reason = /"(?:error|message)":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  const ok = (response.statusCode ?? 500) < 300;
  if (!ok || text.includes('"error":')) throw new Error(reason ?? `HTTP ${String(response.statusCode)}`);
}
