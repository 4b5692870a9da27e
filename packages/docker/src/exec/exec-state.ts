import { setTimeout as delay } from "node:timers/promises";
import { CosError } from "@cos/core";
import type { ExecBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";

/** How long an engine that stopped answering may stay away before its commands are given up, in milliseconds. */
const awayMs = 300_000;
/** Longest time between two questions after the end of a command, in milliseconds. */
const slowestPollMs = 1_000;
/** When an engine is asked again whether it has begun a command, in milliseconds after the last time. */
const startCheckDelaysMs = [50, 200, 750, 1000];

/** What engines say of a command that they have not started, and of one that they have lost track of. */
export const brokenExitCode = 126;

/** A command that has ended. */
export interface EndedExec {
  readonly exitCode: number;
  /** Whether it was ever a process; when not, the engine itself has written what its output holds. */
  readonly ran: boolean;
}

/** Asks once. @throws CosError as `EngineClient.call` */
export async function readExec(
  client: EngineClient,
  execId: string,
  signal?: AbortSignal,
): Promise<EndedExec | "created" | "running"> {
  const { Running, ExitCode, Pid } = await client.call<ExecBody>("GET", ["exec", execId, "json"], {
    deadlineMs: 10_000,
    signal,
  });
  if (Running) return "running";
  // Without a code it is no news of an end, whatever else the engine says.
  if (typeof ExitCode !== "number") return "created";
  return { exitCode: ExitCode, ran: Pid !== 0 || (ExitCode !== 126 && ExitCode !== 127) };
}

/**
 * Waits for the end of a command by asking for its state, until the engine answers.
 *
 * @throws CosError `unavailable` (with `details.unknown`) when the engine does not come back, or no longer knows it;
 * `cancelled` when the signal aborts.
 */
export async function execEnd(client: EngineClient, execId: string, signal: AbortSignal): Promise<EndedExec> {
  let giveUpAt = performance.now() + awayMs;
  for (let waitMs = 5; ; waitMs = Math.min(2 * waitMs, slowestPollMs)) {
    try {
      const state = await readExec(client, execId, signal);
      if (typeof state === "object") return state;
      giveUpAt = performance.now() + awayMs;
    } catch (error) {
      if (signal.aborted) throw error;
      if (refusalStatus(error) === 404) throw lost("The engine no longer knows the command", error);
      if (performance.now() > giveUpAt) throw lost("The engine went away and did not come back", error);
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Makes sure that a command whose start was not answered has begun. It is not sent again: it could run twice.
 *
 * @throws CosError `unavailable` with `details.unknown`
 */
export async function assertExecStarted(client: EngineClient, execId: string, cause: unknown): Promise<void> {
  for (const waitMs of [...startCheckDelaysMs, undefined]) {
    const state = await readExec(client, execId).catch((error: unknown) => {
      if (refusalStatus(error) === 404) throw lost("The engine no longer knows the command", error);
      return "created" as const;
    });
    if (state !== "created") return;
    if (waitMs !== undefined) await delay(waitMs);
  }
  throw lost("The connection broke while the command was to start", cause);
}

/**
 * The end of a command whose connection broke. When it writes after that, the engine says that it has ended with 126,
 * forgets it, and lets it run on; so from a broken connection that code says nothing.
 *
 * @throws CosError `unavailable` with `details.unknown`
 */
export function assertKnownEnd(ended: EndedExec): EndedExec {
  if (ended.exitCode !== brokenExitCode) return ended;
  throw lost("The connection broke while the command wrote, and the engine has lost track of it", undefined);
}

function lost(what: string, cause: unknown): CosError {
  return new CosError("unavailable", `${what}, so whether and how it ended is unknown.`, {
    hint: "It may still run. Look at what it should have done before you run it again.",
    details: { unknown: true },
    cause,
  });
}
