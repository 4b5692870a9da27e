import { type CallOptions, CosError, isEngineName, type KillOptions, type StopOptions } from "@cos/core";
import type { StartQueue } from "../job/start-queue.ts";
import type { ContainerBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { assertFullId, inspectContainer, noSuchContainer } from "./inspect.ts";

const defaultGraceSeconds = 10;
const longestGraceSeconds = 3600;
/** How long the engine may take beyond the grace, in milliseconds. */
const beyondGraceMs = 30_000;
/** How long an engine may take to start a container, in milliseconds. */
const startDeadlineMs = 120_000;

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
 * Sends a signal to the first process of a container. Succeeds when it has ended or is gone.
 *
 * @throws CosError `invalid_argument`; `unavailable`, `deadline_exceeded`, `cancelled`.
 */
export async function killContainer(client: EngineClient, id: string, options: KillOptions = {}): Promise<void> {
  const { killSignal = "SIGKILL", signal } = options;
  assertFullId(id);
  if (!/^SIG[A-Z0-9]{1,10}$/.test(killSignal)) {
    throw new CosError("invalid_argument", "There is no such signal.", { hint: "Expected a name like SIGTERM." });
  }
  try {
    await client.call("POST", ["containers", id, "kill"], { query: { signal: killSignal }, signal });
  } catch (error) {
    const status = refusalStatus(error);
    // A conflict is how engines say that it does not run.
    if (status !== 404 && status !== 409) throw error;
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
    throw toStartFailure(error, status, id);
  }
}

/**
 * Starts a container when it is its turn. Succeeds when it runs already.
 *
 * @throws CosError `not_found`; `failed_precondition` with the engine's reason, `conflict` when a port is taken;
 * `unavailable`, `deadline_exceeded`, `cancelled`, with `details.unknown` when it may have started all the same.
 */
export async function startContainer(
  { client, queue }: { readonly client: EngineClient; readonly queue: StartQueue },
  id: string,
  { signal }: CallOptions = {},
): Promise<void> {
  assertFullId(id);
  const leave = await queue.enter(signal);
  try {
    await client.call("POST", ["containers", id, "start"], { deadlineMs: startDeadlineMs, signal });
  } catch (error) {
    const status = refusalStatus(error);
    if (status !== undefined && CosError.is(error)) throw toStartFailure(error, status, id);
    if (!(await cameTrue(error, client, id, ({ State }) => State.Running))) throw error;
  } finally {
    leave();
  }
}

/**
 * Gives a container one of the names that cos gives. Succeeds when it has that name already.
 *
 * @throws CosError `invalid_argument`, `not_found`, `already_exists`; otherwise as {@link startContainer}.
 */
export async function renameContainer(
  client: EngineClient,
  id: string,
  name: string,
  { signal }: CallOptions = {},
): Promise<void> {
  assertFullId(id);
  if (!isEngineName(name)) {
    throw new CosError("invalid_argument", "Containers get no other names than cos gives.", {
      hint: 'Expected a name like "cos-web".',
    });
  }
  try {
    await client.call("POST", ["containers", id, "rename"], { query: { name }, signal });
  } catch (error) {
    const status = refusalStatus(error);
    if (status === 404) throw noSuchContainer(id);
    // That a container has the name already is refused as well, in words of each engine's own.
    const isCalled = ({ Name }: { readonly Name: string }) => Name === `/${name}` || Name === name;
    if (status === undefined) {
      if (await cameTrue(error, client, id, isCalled)) return;
      throw error;
    }
    if (isCalled(await inspectContainer(client, id, signal))) return;
    if (status !== 409) throw error;
    throw new CosError("already_exists", `There is a container named ${name} already.`, {
      hint: "Remove that one, or choose another name.",
      cause: error,
    });
  }
}

/** Whether a request whose answer was lost has nevertheless done what it was to do. */
async function cameTrue(
  error: unknown,
  client: EngineClient,
  id: string,
  isDone: (body: ContainerBody) => boolean,
): Promise<boolean> {
  if (!CosError.is(error) || error.details?.["unknown"] !== true || error.code === "cancelled") return false;
  try {
    return isDone(await inspectContainer(client, id));
  } catch {
    return false;
  }
}

/** What an engine's refusal to start a container means. */
function toStartFailure(error: CosError, status: number, id: string): CosError {
  // Of a network that is missing, engines say the same as of a container.
  if (status === 404 && /no such container/i.test(error.message)) return noSuchContainer(id);
  if (error.code === "denied" || error.code === "unavailable") return error;
  if (isPortTaken(error)) {
    return new CosError("conflict", `The container could not be started. ${error.message}`, {
      hint: "Publish another host port, or stop what uses it.",
      cause: error,
    });
  }
  return new CosError("failed_precondition", `The container could not be started. ${error.message}`, {
    hint: "Correct what the engine names, or make the container anew.",
    cause: error,
  });
}

/** Whether a container does not start because something else uses a port that it publishes. */
export function isPortTaken({ message }: CosError): boolean {
  return /port is already allocated|address already in use/i.test(message);
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
