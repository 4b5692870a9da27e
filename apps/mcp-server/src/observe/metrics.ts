import { catalogue } from "@cos/control-plane";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { version } from "../version.ts";
import type { EngineWatch } from "./observation.ts";
import type { CallObserver } from "./observe.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import type { ServerEvents } from "./server-events.ts";

/** Bounds of the histogram of durations, in seconds: from a read to a build. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** How long an engine may take to answer before it counts as down, in milliseconds. */
const engineDeadlineMs = 1000;

/** Numbers about this process for Prometheus. */
export interface Metrics {
  readonly calls: CallObserver;
  readonly events: ServerEvents;
  /** What `GET /metrics` answers, in Prometheus's text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Begins to count. The labels' values are cos's own words and the names of its operations, never what a caller chose. */
export function createMetrics(watch: EngineWatch): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const operations = new Set(catalogue.map(({ name }) => name));

  const total = new Counter({
    name: "cos_calls_total",
    help: "Calls that have ended, by operation and how: done, confirm, pending, denied, or failed with a code.",
    labelNames: ["operation", "status", "code"] as const,
    registers,
  });
  const duration = new Histogram({
    name: "cos_call_duration_seconds",
    help: "How long calls took from their request to their end.",
    labelNames: ["operation"] as const,
    buckets: durationBuckets,
    registers,
  });
  const inFlight = new Gauge({ name: "cos_calls_in_flight", help: "Calls that have not ended.", registers });
  const sessions = new Gauge({ name: "cos_sessions_open", help: "Sessions of clients over HTTP.", registers });
  const opened = new Counter({ name: "cos_sessions_opened_total", help: "Sessions that were opened.", registers });
  const refused = new Counter({
    name: "cos_requests_refused_total",
    help: "Requests over HTTP that did not become calls, by why.",
    labelNames: ["reason"] as const,
    registers,
  });
  new Gauge({ name: "cos_build_info", help: "The version.", labelNames: ["version"] as const, registers }).set(
    { version },
    1,
  );
  const up = new Gauge({
    name: "cos_engine_up",
    help: "Whether the engine answers: 1 if so, 0 if not.",
    labelNames: ["engine"] as const,
    registers,
  });
  addProcessMetrics(registry);

  return {
    calls(call) {
      const operation = operations.has(call.operation) ? call.operation : "unknown";
      inFlight.inc();
      return ({ outcome, error, durationMs }) => {
        inFlight.dec();
        total.inc({ operation, status: outcome?.status ?? "failed", code: error?.code ?? "" });
        duration.observe({ operation }, durationMs / 1000);
      };
    },
    events: {
      sessionOpened() {
        sessions.inc();
        opened.inc();
      },
      sessionClosed: () => sessions.dec(),
      refused: ({ why }) => refused.inc({ reason: why }),
    },
    async text() {
      const ask = async (engine: string) => {
        up.set({ engine }, (await watch.answers(engine, AbortSignal.timeout(engineDeadlineMs))) ? 1 : 0);
      };
      await Promise.all(watch.engines.map(ask));
      return await registry.metrics();
    },
    contentType: registry.contentType,
  };
}
