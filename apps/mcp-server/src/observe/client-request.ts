import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import type { ClientControlPlane, ClientRequest, TraceContext } from "./client-call.ts";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/**
 * The control plane as the handler of one request uses it: each call that it makes is known to be made for that.
 *
 * @param params of the request, if it is about a resource or a prompt.
 */
export function forRequest<Plane extends ClientControlPlane>(
  plane: Plane,
  method: string,
  extra: Extra,
  params: Readonly<Record<string, unknown>> = {},
): Plane {
  const request = toClientRequest(method, extra, params);
  return { ...plane, perform: (call) => plane.perform({ ...call, request }) };
}

function toClientRequest(
  method: string,
  { requestId, sessionId, requestInfo, _meta }: Extra,
  { uri, name }: Readonly<Record<string, unknown>>,
): ClientRequest {
  return {
    method,
    id: requestId,
    resourceUri: typeof uri === "string" ? uri : undefined,
    promptName: typeof name === "string" ? name : undefined,
    sessionId,
    trace: toTraceContext(_meta),
    httpTrace: toTraceContext(requestInfo?.headers),
  };
}

function toTraceContext(from: Readonly<Record<string, unknown>> | undefined): TraceContext | undefined {
  const { traceparent, tracestate } = from ?? {};
  if (typeof traceparent !== "string") return undefined;
  return { traceparent, ...(typeof tracestate === "string" ? { tracestate } : {}) };
}
