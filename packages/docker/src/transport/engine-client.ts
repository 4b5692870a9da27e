import type { IncomingMessage, RequestOptions } from "node:http";
import { CosError } from "@cos/core";
import type { InfoBody } from "../api.ts";
import { toRefusal } from "./refusal.ts";
import { archiveHeaders, sendArchive } from "./send-archive.ts";
import { toUnavailable, type Transport } from "./transport.ts";

/** How long a call may take unless it says otherwise, in milliseconds. */
const defaultDeadlineMs = 60_000;
/** Most bytes of an answer that is read as a whole. A list of thousands of containers fits. */
const maxBodyBytes = 64 * 1024 * 1024;

const http = process.getBuiltinModule("node:http");

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface EngineRequest {
  readonly query?: Query;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Time until the whole answer is there; for streams, until its headers are; with `archive`, in which nothing moves. Milliseconds. */
  readonly deadlineMs?: number;
  /** A body that is sent while it is made, as an archive; no more is made than the engine takes. Instead of `body`. */
  readonly archive?: AsyncIterable<Uint8Array> | undefined;
  /** Called when the request has left this process. */
  readonly onSent?: (() => void) | undefined;
}

/**
 * A small HTTP client for what must be fast or must not hang. Path segments are encoded, the API version is pinned,
 * redirects are refused, and every call settles: with an answer, a refusal, or a deadline.
 */
export class EngineClient {
  readonly transport: Transport;
  /** The pinned API version, e.g. `1.41`. */
  readonly apiVersion: string;

  constructor(transport: Transport, apiVersion: string) {
    this.transport = transport;
    this.apiVersion = apiVersion;
  }

  /** The path of a call, as it stands on the request line. */
  path(segments: readonly string[], query: Query = {}): string {
    return `/v${this.apiVersion}${formatPath(segments, query)}`;
  }

  /**
   * Sends a request and reads the whole answer as JSON; an empty answer is undefined.
   *
   * @throws CosError by status; `unavailable` when the connection breaks, with `details.unknown: true` when the
   * engine may nevertheless have done it.
   */
  async call<T = undefined>(method: string, segments: readonly string[], request: EngineRequest = {}): Promise<T> {
    const path = this.path(segments, request.query);
    const text = await send(this.transport, method, path, request, (response) => readText(response));
    return text === "" ? (undefined as T) : parseBody<T>(text, method !== "GET");
  }

  /** Sends a request and resolves with the open answer as soon as its headers are there. */
  async stream(method: string, segments: readonly string[], request: EngineRequest = {}): Promise<IncomingMessage> {
    const path = this.path(segments, request.query);
    return await send(this.transport, method, path, request, (response) => Promise.resolve(response));
  }
}

/**
 * Asks an engine what it is, before its API version is known. One question answers both, so that connecting costs one
 * round trip.
 *
 * @throws CosError `unavailable`, `deadline_exceeded`, `internal` when it is not an engine that answers.
 */
export async function probeEngine(
  transport: Transport,
  options: { deadlineMs: number },
): Promise<{ apiVersion: string; info: InfoBody }> {
  return await send(transport, "GET", "/info", options, async (response) => ({
    info: parseBody<InfoBody>(await readText(response)),
    apiVersion: String(response.headers["api-version"] ?? ""),
  }));
}

/**
 * Asks an engine for a sign of life.
 *
 * @throws CosError `unavailable`, `deadline_exceeded`
 */
export async function pingEngine(
  transport: Transport,
  options: { signal?: AbortSignal | undefined; deadlineMs?: number } = {},
) {
  return await send(transport, "GET", "/_ping", options, async (response) => {
    await readText(response);
    return { server: String(response.headers["server"] ?? "") };
  });
}

function parseBody<T>(text: string, mayHaveActed = false): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const details = mayHaveActed ? { unknown: true } : undefined;
    throw new CosError("internal", "The engine answered with something that is not JSON.", { details, cause });
  }
}

function formatPath(segments: readonly string[], query: Query): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  const path = segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}

async function send<T>(
  transport: Transport,
  method: string,
  path: string,
  { body, archive, signal, deadlineMs = defaultDeadlineMs, onSent }: EngineRequest,
  receive: (response: IncomingMessage) => Promise<T>,
): Promise<T> {
  if (signal?.aborted === true) throw new CosError("cancelled", "The call was cancelled.");
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const { promise, resolve, reject } = withResolvers<T>();
  const target: RequestOptions & { servername: string } = {
    agent: transport.agent,
    protocol: transport.protocol,
    method,
    path,
    // Engines are no virtual hosts. Left out, Node derives a name by regular expressions that take long to compile.
    servername: "",
    headers: {
      host: "docker",
      ...(payload === undefined ? {} : { "content-type": "application/json", "content-length": payload.byteLength }),
      ...(archive === undefined ? {} : archiveHeaders),
    },
  };
  const request = http.request(target);
  let answered = false;
  const fail = (error: unknown) => {
    if (!answered && method !== "GET" && CosError.is(error) && request.socket?.connecting === false) {
      reject(
        new CosError(error.code, error.message, {
          ...error,
          details: { ...error.details, unknown: true },
          cause: error,
        }),
      );
    } else reject(error);
    request.destroy();
  };
  const timer = setTimeout(() => {
    fail(
      new CosError("deadline_exceeded", "The engine did not answer in time.", { hint: "Check its health: cos doctor" }),
    );
  }, deadlineMs);
  let settled = false;
  const onAbort = () => fail(new CosError("cancelled", "The call was cancelled."));
  signal?.addEventListener("abort", onAbort, { once: true });
  request.on("error", (error) => fail(toUnavailable(error)));
  request.on("response", (response) => {
    const status = response.statusCode ?? 0;
    const received = (status >= 200 && status < 300) || status === 304 ? receive(response) : refuse(status, response);
    received.then(
      (value) => {
        answered = true;
        resolve(value);
      },
      (error: unknown) => {
        answered = CosError.is(error) && error.details?.["status"] !== undefined;
        fail(error);
      },
    );
  });
  if (onSent !== undefined) request.once("finish", onSent);
  if (archive === undefined) request.end(payload);
  else sendArchive(request, archive, { isOver: () => settled, onMoved: () => void timer.refresh() }).catch(fail);
  try {
    return await promise;
  } finally {
    settled = true;
    // What the engine answered before it had the whole body needs no more of it.
    if (archive !== undefined && !request.writableFinished) request.destroy();
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function refuse(status: number, response: IncomingMessage): Promise<never> {
  const body = await readText(response, 64 * 1024);
  if (status >= 300 && status < 400)
    throw new CosError("internal", "The engine answered with a redirect, which cos does not follow.", {
      details: { status },
    });
  throw toRefusal(status, body);
}

async function readText(response: IncomingMessage, limitBytes = maxBodyBytes): Promise<string> {
  if (response.statusCode === 204) {
    // There is nothing to wait for.
    response.resume();
    return "";
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > limitBytes) throw new CosError("internal", "The engine's answer is too large.");
    }
  } catch (error) {
    throw toUnavailable(error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}
