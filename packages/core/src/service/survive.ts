import { setTimeout as delay } from "node:timers/promises";
import type { CallOptions } from "../call-options.ts";
import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { BoundedOutput } from "../output.ts";
import { printable } from "../printable.ts";
import type { Container } from "../resources.ts";
import type { HealthCheckSpec } from "../spec/workload-spec.ts";

/** How long a service has to run to count as started, in milliseconds. */
const firstSecondMs = 1000;
/** How long a service that ends and is started again may take to settle, in milliseconds: five attempts of a second and the engine's waits between. */
const settlingMs = 30_000;
/** What the engine may take beyond the time that the numbers of a health check add up to, in milliseconds. */
const beyondChecksMs = 10_000;
/** How much of its log a failure shows. */
const logLines = 20;
const logBytes = 4096;

/** @param healthCheck of the service; without one its first second counts. */
export interface SurvivalOptions extends CallOptions {
  readonly healthCheck?: HealthCheckSpec | undefined;
}

/**
 * Waits until a service that was just started has survived its first second, or until its health check says that it is
 * healthy. One that the engine starts again has to survive a second after that.
 *
 * @returns the container as it is then.
 * @throws CosError `failed_precondition` with `details.exitCode` and `details.log`, the last lines that it wrote.
 */
export async function assertSurvives(
  engine: Engine,
  id: string,
  { healthCheck, signal }: SurvivalOptions,
): Promise<Container> {
  const failed =
    healthCheck === undefined
      ? await endsAtOnce(engine, id, signal)
      : await isNotHealthy(engine, id, longestMs(healthCheck), signal);
  const container = await engine.containers.get(id, { signal });
  if (failed === undefined) return container;
  const log = printable(await readLastLines(engine, id));
  const shown = log === "" ? " It wrote nothing." : `\nIts log ends with:\n${log.replace(/^/gm, "| ")}`;
  throw new CosError("failed_precondition", `${container.name} ${failed.what}.${shown}`, {
    hint: "Correct its command, image or configuration.",
    details: { exitCode: failed.exitCode, log },
  });
}

interface Failure {
  /** What it did, as the end of a sentence. */
  readonly what: string;
  readonly exitCode?: number | undefined;
}

async function endsAtOnce(engine: Engine, id: string, signal: AbortSignal | undefined): Promise<Failure | undefined> {
  for (let waitedMs = 0; waitedMs < settlingMs; waitedMs += firstSecondMs) {
    const { details: before } = await engine.containers.get(id, { signal });
    const end = await within(firstSecondMs, signal, (limit) =>
      engine.containers.wait(id, { until: "exit", signal: limit }),
    );
    if (end !== undefined) {
      return { what: `ended with exit code ${end.exitCode} within its first second`, exitCode: end.exitCode };
    }
    const { state, details: after } = await engine.containers.get(id, { signal });
    const isSame = after?.startedAt?.getTime() === before?.startedAt?.getTime() && after?.restarts === before?.restarts;
    if ((state === "running" || state === "paused") && isSame) return undefined;
  }
  return { what: "ends again and again within its first second" };
}

async function isNotHealthy(
  engine: Engine,
  id: string,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<Failure | undefined> {
  try {
    const verdict = await within(limitMs, signal, (limit) =>
      engine.containers.wait(id, { until: "checked", signal: limit }),
    );
    if (verdict === undefined) return { what: `has not become healthy within ${Math.ceil(limitMs / 1000)} s` };
    return verdict.health === "healthy" ? undefined : { what: "runs, but its health check fails" };
  } catch (error) {
    if (!CosError.is(error) || error.code !== "failed_precondition") throw error;
    const { exitCode } = await engine.containers.get(id, { signal });
    return { what: `ended with exit code ${exitCode} before it was healthy`, exitCode };
  }
}

/** The longest time in which a health check that fails has said so. */
function longestMs({ startPeriodSeconds, retries, intervalSeconds, timeoutSeconds }: HealthCheckSpec): number {
  return (startPeriodSeconds + (retries + 1) * (intervalSeconds + timeoutSeconds)) * 1000 + beyondChecksMs;
}

/** What a step resolves with, or undefined when it takes longer. The step is cancelled then. */
async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  step: (limit: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const over = new AbortController();
  const limit = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const running = step(limit);
  const timer = delay(ms, undefined, { signal: limit });
  try {
    return await Promise.race([running, timer]);
  } catch (error) {
    throw CosError.from(error);
  } finally {
    over.abort();
    await Promise.allSettled([running, timer]);
  }
}

/** The end of a container's log; nothing when the engine keeps none. */
async function readLastLines(engine: Engine, id: string): Promise<string> {
  const kept = new BoundedOutput(logBytes);
  try {
    for await (const { data } of engine.containers.logs(id, { tail: logLines })) kept.push(data);
  } catch {
    // The failure itself is told in any case.
  }
  return kept.text().trimEnd();
}
