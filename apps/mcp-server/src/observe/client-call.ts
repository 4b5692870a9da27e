import type { Call, ControlPlane, Outcome } from "@cos/control-plane";

/** The request of a client that a call is made for. */
export interface ClientRequest {
  /** The method of MCP. */
  readonly method: string;
  readonly id?: string | number | undefined;
  /** The resource or the prompt that it is about. */
  readonly resourceUri?: string | undefined;
  readonly promptName?: string | undefined;
  /** The session it belongs to, over HTTP. */
  readonly sessionId?: string | undefined;
  /** The trace it is part of, as its message says: the members that W3C Trace Context names. */
  readonly trace?: TraceContext | undefined;
  /** The same, as the HTTP request says that brought it. */
  readonly httpTrace?: TraceContext | undefined;
}

/** Where a trace goes on, as its parent wrote it. It is not checked. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** A call with the request that it is made for. */
export interface ClientCall extends Call {
  readonly request?: ClientRequest | undefined;
}

/** A control plane, as what serves clients sees it. */
export interface ClientControlPlane extends Omit<ControlPlane, "perform"> {
  perform(call: ClientCall): Promise<Outcome>;
}
