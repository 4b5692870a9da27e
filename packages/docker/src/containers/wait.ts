import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { CosError, type WaitOptions, type WaitResult } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readJsonLines } from "../transport/json-lines.ts";
import { assertFullId, inspectContainer, noSuchContainer } from "./inspect.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { healthOf, toState } from "./state.ts";

/** What changes how far a container has come. */
const events = ["start", "restart", "die", "cleanup", "destroy", "health_status"];
/** Before the engine is asked anew when it has broken a watch off, in milliseconds. */
const retryMs = 250;

/**
 * Waits until a container has ended, or until its health check has said something. The engine tells when something has
 * happened, and only then is the container looked at.
 *
 * @throws CosError `failed_precondition`, `not_found`, `invalid_argument`, `unavailable`, `cancelled`
 */
export async function waitForContainer(
  client: EngineClient,
  id: string,
  { until, signal }: WaitOptions,
): Promise<WaitResult> {
  assertFullId(id);
  for (;;) {
    const watch = await openWatch(client, id, until, signal);
    const onAbort = () => void watch.destroy();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      // What happened before the watch was open is seen by looking first.
      const before = judge(await inspectContainer(client, id, signal), until);
      if (before !== undefined) return before;
      for await (const _news of readJsonLines(watch as AsyncIterable<Buffer>)) {
        const now = judge(await inspectContainer(client, id, signal), until);
        if (now !== undefined) return now;
        // An answered wait is over, while events go on.
        if (until === "exit") break;
      }
    } catch (error) {
      if (CosError.is(error)) throw error;
      // A broken watch tells nothing; the container is looked at and watched again.
    } finally {
      signal?.removeEventListener("abort", onAbort);
      watch.destroy();
    }
    if (signal?.aborted === true) throw new CosError("cancelled", "The call was cancelled.");
    await delay(retryMs);
  }
}

async function openWatch(
  client: EngineClient,
  id: string,
  until: WaitOptions["until"],
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  if (until === "exit") {
    try {
      return await client.stream("POST", ["containers", id, "wait"], { query: { condition: "not-running" }, signal });
    } catch (error) {
      throw refusalStatus(error) === 404 ? noSuchContainer(id) : error;
    }
  }
  const filters = JSON.stringify({ type: ["container"], container: [id], event: events });
  return await client.stream("GET", ["events"], { query: { filters }, signal });
}

/** How the wait ends with a container as it is now; undefined while it goes on. */
function judge(body: ContainerBody, until: WaitOptions["until"]): WaitResult | undefined {
  const state = toState(body.State.Status);
  const ended = state === "exited" || state === "dead" || state === "created";
  const result: WaitResult = {
    state,
    ...(ended && state !== "created" ? { exitCode: body.State.ExitCode } : {}),
    ...(ended ? {} : { health: healthOf(body) }),
  };
  if (until === "exit") return ended ? result : undefined;
  if (ended) {
    throw new CosError(
      "failed_precondition",
      state === "created"
        ? "The container was not started."
        : `The container ended with exit code ${body.State.ExitCode} before its health check had said so.`,
      { hint: "Read its log: cos logs", details: { ...result } },
    );
  }
  if (healthOf(body) === undefined) {
    throw new CosError("failed_precondition", "The container has no health check.", {
      hint: "Wait for something else, or give it a health check.",
    });
  }
  return result.health === "healthy" || (until === "checked" && result.health === "unhealthy") ? result : undefined;
}
