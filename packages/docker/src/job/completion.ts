import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { CosError } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import type { ContainerEvents, Death } from "../events.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readJsonLines } from "../transport/json-lines.ts";
import { refusalStatus } from "../transport/refusal.ts";

/** How long an engine that stopped answering may stay away before its jobs are given up, in milliseconds. */
const awayMs = 300_000;
const retryMs = 250;
/** How long the watches may still take to tell the end of a container that does not run any more, in milliseconds. */
const lastWordMs = 5_000;
/** When an engine is asked again whether it has begun to start a container, in milliseconds after the last time. */
const startCheckDelaysMs = [50, 200, 750, 1000];

/** How a container ended. */
export interface Completion extends Death {
  /** The connection broke before the end was known, so output that came meanwhile is missing. */
  readonly lost: boolean;
}

/** Two independent watches on a container that was not started yet, so that its end cannot be missed. */
export interface CompletionWatch {
  /**
   * The end of the container, by whichever watch tells first; when both were lost, or say nothing of a container that
   * does not run any more, by the engine's own state.
   *
   * @param notRunning resolves when the engine says that the container does not run.
   * @throws CosError `unavailable` (with `details.unknown`) when the engine does not come back, or no longer knows it.
   */
  completed(notRunning: Promise<void>): Promise<Completion>;
  stop(): void;
}

/** Arms both watches; resolves when they see whatever happens next. */
export async function watchCompletion(
  client: EngineClient,
  events: ContainerEvents,
  id: string,
  signal?: AbortSignal,
): Promise<CompletionWatch> {
  const [wait] = await Promise.all([arm(client, id, "next-exit", signal), events.open()]);
  const watch = events.watch(id);
  return {
    async completed(notRunning) {
      const waited = readExitCode(wait).then((exitCode) =>
        exitCode === undefined ? undefined : { exitCode, oomKilled: watch.sawOom() },
      );
      const told = Promise.race([waited, watch.death]).then(
        async (end) => end ?? (await Promise.all([waited, watch.death])).find((other) => other !== undefined),
      );
      const silent = notRunning.then(() => delay(lastWordMs, undefined, { ref: false }));
      const first = await Promise.race([told, silent]);
      if (first === undefined) return { ...(await followUp(client, id)), lost: true };
      // 137 may be our own SIGKILL or the kernel's, and the kernel's event can come later than the exit.
      return first.exitCode === 137 && !first.oomKilled
        ? { ...first, oomKilled: await wasOomKilled(client, id), lost: false }
        : { ...first, lost: false };
    },
    stop() {
      watch.stop();
      wait.destroy();
    },
  };
}

function arm(
  client: EngineClient,
  id: string,
  condition: "next-exit" | "not-running",
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  return client.stream("POST", ["containers", id, "wait"], { query: { condition }, signal });
}

async function readExitCode(wait: IncomingMessage): Promise<number | undefined> {
  try {
    for await (const answer of readJsonLines(wait as AsyncIterable<Buffer>)) {
      const { StatusCode, Error: problem } = answer as { StatusCode?: number; Error?: { Message?: string } | null };
      if (typeof StatusCode === "number" && (problem === undefined || problem === null)) return StatusCode;
    }
  } catch {
    // A broken wait tells nothing; the events or the state will.
  }
  return undefined;
}

async function wasOomKilled(client: EngineClient, id: string): Promise<boolean> {
  try {
    return (await client.call<ContainerBody>("GET", ["containers", id, "json"])).State.OOMKilled;
  } catch {
    return false;
  }
}

async function followUp(client: EngineClient, id: string): Promise<Death> {
  for (;;) {
    const state = await readState(client, id);
    if (state.Status === "created") throw forgotten();
    if (!state.Running) return { exitCode: state.ExitCode, oomKilled: state.OOMKilled };
    await arm(client, id, "not-running").then(readExitCode, () => undefined);
  }
}

/**
 * Makes sure that a start whose answer was lost has happened. It is not sent again, because a job that has ended
 * meanwhile would run twice.
 *
 * @param wasSeen whether the job gave a sign of life.
 * @throws CosError `unavailable` when it has not, with `details.unknown` when the engine forgot about it.
 */
export async function assertStarted(client: EngineClient, id: string, wasSeen: () => boolean): Promise<void> {
  for (const waitMs of [...startCheckDelaysMs, undefined]) {
    if ((await readState(client, id)).Status !== "created") return;
    if (waitMs !== undefined) await delay(waitMs);
  }
  if (wasSeen()) throw forgotten();
  throw new CosError("unavailable", "The connection broke while the job was to start, and it did not start.", {
    hint: "Run it again.",
  });
}

/** An engine that crashes right after a start comes back without having noted it. */
function forgotten(): CosError {
  return new CosError("unavailable", "The engine crashed when the job had started, so how it ended is unknown.", {
    details: { unknown: true },
  });
}

/** The state of a container, asked for until the engine answers. */
async function readState(client: EngineClient, id: string): Promise<ContainerBody["State"]> {
  const giveUpAt = performance.now() + awayMs;
  for (;;) {
    try {
      return (await client.call<ContainerBody>("GET", ["containers", id, "json"], { deadlineMs: 10_000 })).State;
    } catch (error) {
      if (refusalStatus(error) === 404) {
        throw new CosError("unavailable", "The engine no longer knows the job, so how it ended is unknown.", {
          details: { unknown: true },
          cause: error,
        });
      }
      if (performance.now() > giveUpAt) {
        throw new CosError(
          "unavailable",
          "The engine went away and did not come back, so how the job ended is unknown.",
          {
            hint: "Once it runs again, list the containers, stopped ones included.",
            details: { unknown: true },
            cause: error,
          },
        );
      }
      await delay(retryMs);
    }
  }
}
