import { setTimeout as delay } from "node:timers/promises";
import { CosError } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import { inspectContainer } from "../containers/inspect.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { type HelperContext, openHelper } from "./open-helper.ts";
import type { Answer } from "./helper-answers.ts";
import type { ExecMark } from "./start-exec.ts";

/** Waits between attempts to let a container go on, in milliseconds. */
const unpauseDelaysMs = [100, 500, 2_000];
/** How long the engine may take to halt a container or to let it go on, in milliseconds. */
const pauseDeadlineMs = 10_000;
/** A helper that is lost leaves the command half ended, so another one is tried. */
const attempts = 2;

export type KillContext = HelperContext;

/** What became of a command that was to be killed. */
export interface KillReport {
  /** Whether it is proved that none of its processes runs any more. */
  readonly proved: boolean;
  /** Whether none was there when the killing began, so that it had ended by itself. */
  readonly nothingFound: boolean;
  /** Processes of it that were seen to be left; undefined when they could not be counted. */
  readonly survivors?: number;
  /** Why it is not proved, and what to do. */
  readonly hint?: string;
}

/**
 * Kills a command with everything that it has started, by a helper that sees the container's processes. The container
 * is halted only if something survives that. Fails never: what could not be done is in the report.
 *
 * Below an init of the command's own nothing can leave its tree, so a last look that finds nothing proves the end.
 * Without one, processes that cut both their descent and their environment off are not found. Then the end counts as
 * proved only if, besides, no process in the container is as young as the command.
 */
export async function killCommand(context: KillContext, containerId: string, mark: ExecMark): Promise<KillReport> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await killOnce(context, containerId, mark);
    } catch (error) {
      const { message, hint } = CosError.from(error);
      if (attempt === attempts) return unproved(hint === undefined ? message : `${message} ${hint}`);
    }
  }
}

async function killOnce(context: KillContext, containerId: string, mark: ExecMark): Promise<KillReport> {
  const container = await findContainer(context.client, containerId);
  // Nothing outlives its container.
  if (container?.State.Running !== true) return { proved: true, nothingFound: true };
  if ((container.HostConfig.PidMode ?? "") !== "") {
    return unproved("The container shares its processes with others, where cos kills nothing.");
  }
  const helper = await openHelper(context, container, mark);
  if (helper === undefined) {
    return unproved(
      "The engine has no image to kill it with: docker pull busybox, or name one that has /bin/busybox with COS_HELPER_IMAGE.",
    );
  }
  let halted = false;
  try {
    let answer = await helper.ask("end");
    const { seen } = answer;
    if (answer.left > 0 || answer.loose > 0) {
      halted = await pause(context.client, container.Id);
      try {
        if (halted) await helper.ask("sweep");
      } finally {
        if (halted) halted = !(await unpause(context.client, container.Id));
      }
      if (halted) return unproved("The container is still halted; restart it.", answer.left);
      answer = await helper.ask("check");
    }
    return toReport({ ...answer, seen }, mark);
  } finally {
    // One that is left behind tells whoever recovers that the container is to go on.
    helper.close({ remove: !halted });
  }
}

async function findContainer(client: EngineClient, id: string): Promise<ContainerBody | undefined> {
  try {
    return await inspectContainer(client, id);
  } catch (error) {
    if (CosError.is(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

function toReport({ seen, left, loose, keep, young }: Answer, { hasInit }: ExecMark): KillReport {
  const nothingFound = seen === 0;
  if (left > 0) {
    const what = left === 1 ? "1 process of it is" : `${left} processes of it are`;
    return unproved(`${what} still there; restart the container to end them.`, left);
  }
  if (loose === 0 && seen > 0 && (hasInit ? keep === "yes" : young === 0)) return { proved: true, nothingFound };
  const report = unproved(
    hasInit
      ? "It has killed the init that held its processes together, so some may be left; restart the container to end them."
      : "The container has no init that holds a command's processes together, so some may be left; restart it to end them.",
  );
  return { ...report, nothingFound };
}

function unproved(hint: string, survivors?: number): KillReport {
  const what = "It could not be killed for certain. ";
  return { proved: false, nothingFound: false, hint: what + hint, ...(survivors === undefined ? {} : { survivors }) };
}

/** Halts a container. False when it is halted already, has ended, or cannot be halted. */
async function pause(client: EngineClient, id: string): Promise<boolean> {
  try {
    await client.call("POST", ["containers", id, "pause"], { deadlineMs: pauseDeadlineMs });
    return true;
  } catch (error) {
    // Without an answer it may be halted, and letting go on what is not does no harm.
    return refusalStatus(error) === undefined;
  }
}

/** Lets a container go on. False when the engine does not do it. */
export async function unpause(client: EngineClient, id: string): Promise<boolean> {
  for (const waitMs of [...unpauseDelaysMs, undefined]) {
    try {
      await client.call("POST", ["containers", id, "unpause"], { deadlineMs: pauseDeadlineMs });
      return true;
    } catch (error) {
      // It is gone, or not halted.
      const status = refusalStatus(error);
      if (
        status === 404 ||
        status === 409 ||
        (status === 500 && CosError.is(error) && /not paused/.test(error.message))
      )
        return true;
      if (waitMs !== undefined) await delay(waitMs);
    }
  }
  return false;
}
