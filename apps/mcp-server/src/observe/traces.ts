import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from "@opentelemetry/api";
import { setGlobalErrorHandler, W3CTraceContextPropagator } from "@opentelemetry/core";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { catalogue } from "@cos/control-plane";
import { version } from "../version.ts";
import type { ClientRequest, TraceContext } from "./client-call.ts";
import type { CallObserver, Ending } from "./observe.ts";
import { createExporter } from "./trace-exporter.ts";

/** How long spans that are not sent yet may keep the process at its end, in milliseconds. */
const flushDeadlineMs = 2000;

/** Failures of the collector are told no more often than this, in milliseconds. */
const complainEveryMs = 60_000;

/** Spans of calls, on their way to a collector. */
export interface Traces {
  readonly calls: CallObserver;
  /**
   * Sends what is left. Resolves with false when that took too long; requests to the collector are then still open, and
   * would keep the process for a while.
   */
  close(): Promise<boolean>;
}

/**
 * Makes a span of each call, and sends them by what the variables `OTEL_*` say, beside the calls.
 *
 * @param complain is told when they cannot be sent.
 * @throws CosError `invalid_argument` when the variables ask for what cos does not have.
 */
export function openTraces(env: NodeJS.ProcessEnv, complain: (message: string) => void): Traces {
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "cos-mcp", "service.version": version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(createExporter(env))],
  });
  let complainedAt = Number.NEGATIVE_INFINITY;
  setGlobalErrorHandler((failure) => {
    if (performance.now() - complainedAt < complainEveryMs) return;
    complainedAt = performance.now();
    complain(`Spans were not sent: ${failure instanceof Error ? failure.message : JSON.stringify(failure)}`);
  });
  const tracer = provider.getTracer("cos", version);
  const operations = new Set(catalogue.map(({ name }) => name));

  return {
    calls({ operation, engine, caller, request }) {
      const name = operations.has(operation) ? operation : undefined;
      const { parent, links } = findParent(request);
      const attributes = {
        ...toAttributes(request, name),
        "network.transport": caller.kind === "http" ? "tcp" : "pipe",
        "network.protocol.name": caller.kind === "http" ? "http" : undefined,
        "cos.operation": name,
        "cos.caller": caller.name,
        "cos.engine": engine === undefined ? undefined : shorten(engine),
      };
      const span = tracer.startSpan(toSpanName(request, name), { kind: SpanKind.SERVER, links, attributes }, parent);
      return (ending) => {
        span.setAttributes(toEndAttributes(ending, request));
        const failed = failureOf(ending);
        if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failed });
        span.end();
      };
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), flushDeadlineMs);
      });
      const sent = provider.shutdown().then(
        () => true,
        (failure: unknown) => {
          complain(`The last spans were not sent: ${failure instanceof Error ? failure.message : String(failure)}`);
          return true;
        },
      );
      const inTime = await Promise.race([sent, tooLate]);
      clearTimeout(timer);
      return inTime;
    },
  };
}

/** The method, and of a tool or prompt also which: names of cos's own, of which there are not many. */
function toSpanName({ method, promptName }: Partial<ClientRequest> = {}, operation: string | undefined): string {
  if (method === undefined) return operation ?? "unknown";
  const about = method === "tools/call" ? operation : promptName;
  return about === undefined ? method : `${method} ${about}`;
}

/** What the conventions for MCP say of a request. */
function toAttributes(request: ClientRequest | undefined, operation: string | undefined): Attributes {
  if (request === undefined) return {};
  const { method, id, sessionId, resourceUri, promptName } = request;
  const isTool = method === "tools/call";
  return {
    "mcp.method.name": method,
    "mcp.session.id": sessionId,
    "mcp.resource.uri": resourceUri === undefined ? undefined : shorten(resourceUri),
    "gen_ai.operation.name": isTool ? "execute_tool" : undefined,
    "gen_ai.tool.name": isTool ? operation : undefined,
    "gen_ai.prompt.name": promptName,
    "jsonrpc.request.id": id === undefined ? undefined : shorten(String(id)),
  };
}

const propagator = new W3CTraceContextPropagator();

const members: TextMapGetter<TraceContext> = {
  keys: () => ["traceparent", "tracestate"],
  get: ({ traceparent, tracestate }, key) => (key === "traceparent" ? traceparent : tracestate),
};

/** The client's own span is the parent; that of the HTTP request, which may carry more than one message, is linked. */
function findParent(request: ClientRequest | undefined): { readonly parent: Context; readonly links: Link[] } {
  const transport = toContext(request?.httpTrace);
  if (request?.trace === undefined) return { parent: transport, links: [] };
  const context = trace.getSpanContext(transport);
  return { parent: toContext(request.trace), links: context === undefined ? [] : [{ context }] };
}

function toContext(carrier: TraceContext | undefined): Context {
  if (carrier === undefined) return ROOT_CONTEXT;
  return propagator.extract(ROOT_CONTEXT, carrier, members);
}

function toEndAttributes(ending: Ending, request: ClientRequest | undefined): Attributes {
  const { outcome, error } = ending;
  const failed = failureOf(ending);
  return {
    "cos.status": outcome?.status ?? "failed",
    "cos.call.id": outcome?.callId,
    "cos.rule": outcome === undefined || outcome.status === "done" ? undefined : outcome.rule,
    "cos.error.code": error?.code,
    "error.type": failed !== undefined && request?.method === "tools/call" ? "tool_error" : failed,
  };
}

/** What a client chose may be long. */
function shorten(text: string): string {
  return text.slice(0, 100);
}

/** A word for why the client is answered with an error, if it is. */
function failureOf({ outcome, error }: Ending): string | undefined {
  if (error !== undefined) return error.code;
  return outcome.status === "denied" ? "denied" : undefined;
}
