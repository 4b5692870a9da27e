import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as OTLP writes it in JSON, with its attributes by name. */
export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

type WireSpan = Omit<CollectedSpan, "attributes"> & { readonly attributes: readonly Attribute[] };

/** A collector of traces that a test reads. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  /** What was sent: where to, and as what. */
  readonly requests: readonly { readonly path: string; readonly type: string; readonly body: Buffer }[];
  /** The spans of all requests in JSON. */
  spans(): readonly CollectedSpan[];
  /** What the spans say of the process. */
  resource(): Readonly<Record<string, unknown>>;
}

/** @param answers whether it answers at all; one that does not takes what is sent, and keeps its sender waiting. */
export async function startCollector({ answers = true } = {}): Promise<Collector> {
  const requests: { path: string; type: string; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      const type = headers["content-type"] ?? "";
      requests.push({ path: url, type, body: Buffer.concat(chunks) });
      if (answers) response.setHeader("content-type", type).end(type === "application/json" ? "{}" : "");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const resources = () =>
    requests
      .filter(({ type }) => type === "application/json")
      .flatMap(({ body }) => (JSON.parse(body.toString()) as { resourceSpans: ResourceSpans[] }).resourceSpans);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: () =>
      resources()
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map((span) => ({ ...span, attributes: toObject(span.attributes) })),
    resource: () => toObject(resources()[0]?.resource.attributes ?? []),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface ResourceSpans {
  readonly resource: { readonly attributes: readonly Attribute[] };
  readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
}

function toObject(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
