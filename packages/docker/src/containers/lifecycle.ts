import { CosError, type StopOptions } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { assertFullId, noSuchContainer } from "./inspect.ts";

const defaultGraceSeconds = 10;
const longestGraceSeconds = 3600;
/** How long the engine may take beyond the grace, in milliseconds. */
const beyondGraceMs = 30_000;

/**
 * Asks a container to end, and has it killed after the grace. Succeeds when it has ended or is gone.
 *
 * @throws CosError `invalid_argument`; `unavailable`, `deadline_exceeded`, `cancelled`, with `details.unknown` when it
 * may be ending all the same.
 */
export async function stopContainer(client: EngineClient, id: string, options: StopOptions = {}): Promise<void> {
  try {
    await endWithin(client, id, "stop", options);
  } catch (error) {
    if (refusalStatus(error) !== 404) throw error;
  }
}

/**
 * Stops a container, if it runs, and starts it again.
 *
 * @throws CosError `not_found`, `failed_precondition` with the engine's reason when it does not start; otherwise as
 * {@link stopContainer}.
 */
export async function restartContainer(client: EngineClient, id: string, options: StopOptions = {}): Promise<void> {
  try {
    await endWithin(client, id, "restart", options);
  } catch (error) {
    const status = refusalStatus(error);
    if (status === undefined || !CosError.is(error)) throw error;
    // Of a network that is missing, engines say the same as of a container.
    if (status === 404 && /no such container/i.test(error.message)) throw noSuchContainer(id);
    if (error.code === "denied" || error.code === "unavailable") throw error;
    throw new CosError("failed_precondition", `The container could not be started again. ${error.message}`, {
      hint: "Correct what the engine names, or make the container anew.",
      cause: error,
    });
  }
}

async function endWithin(
  client: EngineClient,
  id: string,
  action: "stop" | "restart",
  { graceSeconds = defaultGraceSeconds, signal }: StopOptions,
): Promise<void> {
  assertFullId(id);
  if (!Number.isInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > longestGraceSeconds) {
    throw new CosError("invalid_argument", "graceSeconds is out of range.", {
      hint: `Expected an integer from 0 to ${longestGraceSeconds}.`,
    });
  }
  const deadlineMs = graceSeconds * 1000 + beyondGraceMs;
  await client.call("POST", ["containers", id, action], { query: { t: graceSeconds }, deadlineMs, signal });
}
