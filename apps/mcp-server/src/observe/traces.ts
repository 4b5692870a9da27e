import {
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
      const { method, id, sessionId } = request ?? {};
      const isTool = method === "tools/call";
      const name = operations.has(operation) ? operation : undefined;
      const { parent, links } = findParent(request);
      const span = tracer.startSpan(
        toSpanName(method, name),
        {
          kind: SpanKind.SERVER,
          links,
          attributes: {
            ...(method === undefined ? {} : { "mcp.method.name": method }),
            ...(isTool ? { "gen_ai.operation.name": "execute_tool" } : {}),
            ...(isTool && name !== undefined ? { "gen_ai.tool.name": name } : {}),
            ...(id === undefined ? {} : { "jsonrpc.request.id": shorten(String(id)) }),
            ...(sessionId === undefined ? {} : { "mcp.session.id": sessionId }),
            ...(caller.kind === "http"
              ? { "network.transport": "tcp", "network.protocol.name": "http" }
              : { "network.transport": "pipe" }),
            ...(name === undefined ? {} : { "cos.operation": name }),
            "cos.caller": caller.name,
            ...(engine === undefined ? {} : { "cos.engine": shorten(engine) }),
          },
        },
        parent,
      );
      return (ending) => {
        span.setAttributes(toAttributes(ending, isTool));
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

/** The method, and of tools also which: a name of cos's own, so that there are not more of them than operations. */
function toSpanName(method: string | undefined, operation: string | undefined): string {
  if (method === undefined) return operation ?? "unknown";
  return method === "tools/call" && operation !== undefined ? `${method} ${operation}` : method;
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

function toAttributes(ending: Ending, isTool: boolean) {
  const { outcome, error } = ending;
  const failed = failureOf(ending);
  return {
    "cos.status": outcome?.status ?? "failed",
    ...(outcome === undefined ? {} : { "cos.call.id": outcome.callId }),
    ...(outcome?.status === "done" || outcome === undefined ? {} : { "cos.rule": outcome.rule }),
    ...(error === undefined ? {} : { "cos.error.code": error.code }),
    ...(failed === undefined ? {} : { "error.type": isTool ? "tool_error" : failed }),
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
