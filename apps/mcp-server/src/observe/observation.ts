import { CosError } from "@cos/core";
import { sayProblem, speakThrough } from "../say.ts";
import type { ClientControlPlane } from "./client-call.ts";
import type { LogOptions } from "./log-options.ts";
import type { Metrics } from "./metrics.ts";
import { type CallObserver, observe } from "./observe.ts";
import { wantsTraces } from "./otel-environment.ts";
import { type ServerEvents, tellAll } from "./server-events.ts";

export interface ObservationOptions {
  readonly env: NodeJS.ProcessEnv;
  /** How calls and the server's doings are written to standard error; they are not unless set. */
  readonly log: LogOptions | undefined;
  /** The engines to have metrics about; there are no metrics at all unless set. */
  readonly metrics: EngineWatch | undefined;
}

/** Engines, and how to find out whether they answer. */
export interface EngineWatch {
  readonly engines: readonly string[];
  readonly answers: (engine: string, signal: AbortSignal) => Promise<boolean>;
}

/** What is seen of a server from outside: its log, its traces, its metrics. */
export interface Observation {
  /** The control plane to serve with. */
  observe<Observed extends ClientControlPlane>(controlPlane: Observed): Observed;
  readonly events: ServerEvents;
  readonly metrics: Metrics | undefined;
  /** Sends what is left. Resolves with false when something of it would keep the process although it should end. */
  close(): Promise<boolean>;
}

/** Opens what is asked for, and loads nothing else. With a log of JSON, `say` and its like write to it, too. */
export async function openObservation({
  env,
  log: logOptions,
  metrics: watch,
}: ObservationOptions): Promise<Observation> {
  const calls: CallObserver[] = [];
  const listeners: ServerEvents[] = [];
  const endings: (() => Promise<boolean>)[] = [];

  if (logOptions !== undefined && logOptions.level !== "silent") {
    const { openLog } = await import("./log.ts");
    const { logCalls } = await import("./call-log.ts");
    const { logServer } = await import("./server-log.ts");
    const log = openLog(logOptions);
    // For people, what is said is plain words; a program that reads the log wants entries alone.
    if (logOptions.format === "json")
      speakThrough((level, message, { hint, cause }) => log[level]({ hint, cause }, message));
    const server = logServer(log);
    calls.push(logCalls(log));
    listeners.push(server);
    endings.push(() => {
      server.close();
      return Promise.resolve(true);
    });
  }
  let metrics: Metrics | undefined;
  if (watch !== undefined) {
    const { createMetrics } = await import("./metrics.ts");
    metrics = createMetrics(watch);
    calls.push(metrics.calls);
    listeners.push(metrics.events);
  }
  if (wantsTraces(env)) {
    try {
      const { openTraces } = await import("./traces.ts");
      const opened = openTraces(env, sayProblem);
      calls.push(opened.calls);
      endings.push(() => opened.close());
    } catch (error) {
      // Variables that are meant for others are no reason not to serve.
      const { message, hint } = CosError.from(error);
      sayProblem(`There are no traces: ${message}`, hint);
    }
  }
  return {
    observe: (controlPlane) => observe(controlPlane, calls),
    events: tellAll(listeners),
    metrics,
    async close() {
      return (await Promise.all(endings.map((end) => end()))).every(Boolean);
    },
  };
}
