import { type Container, CosError, type Engine } from "@cos/core";
import type { Caller } from "./caller.ts";
import { concurrently } from "./concurrently.ts";
import { findRecreateLeftovers } from "./recreate-leftovers.ts";

/** How many questions the engine gets at a time. */
const questionsAtOnce = 8;

/** How long a job's container is kept after it ended, or was created and never started, in milliseconds. */
const keptAfterEndMs = 3_600_000;

/**
 * How long after its timeout a running job is killed, in milliseconds: whoever waits for it does so at the timeout, and
 * says in its result why.
 */
const overdueGraceMs = 2_000;

/** How long a job that was not started yet is left alone in any case, in milliseconds: it may be about to be. */
const aboutToStartMs = 60_000;

/** What the reaper has to do with. */
export interface Due {
  /** To be removed, whatever they do. */
  readonly expired: readonly Container[];
  /** To be removed unless they run by then: what is left of jobs, and of replaced services. */
  readonly leftovers: readonly Container[];
  /** Jobs that run past their own timeout: to be killed, so that they end and their log stays. */
  readonly overdue: readonly Container[];
}

export interface DueRequest {
  readonly now: Date;
  /** Leaves jobs alone that ended, or were made and never started, within the hour. */
  readonly onlyExpired: boolean;
}

/** The managed containers whose time is over and that the caller may do something about: people all, agents their own. */
export async function findDue(
  engine: Engine,
  caller: Caller,
  { now, onlyExpired }: DueRequest,
  signal?: AbortSignal,
): Promise<Due> {
  const agent = caller.kind === "stdio" || caller.kind === "http";
  const managed = await engine.containers.list({ managed: true }, { signal });
  const mine = managed.filter(
    ({ ownership }) => ownership.status === "managed" && (!agent || ownership.labels.owner === caller.name),
  );
  const abandoned = new Set(findRecreateLeftovers(mine, now));
  const judged = await concurrently(mine, questionsAtOnce, async (container) => {
    if (await isExpired(engine, container, now, signal)) return "expired";
    if (abandoned.has(container) || (!onlyExpired && isLeftOfJob(container, now))) return "leftovers";
    return (await isOverdue(engine, container, now, signal)) ? "overdue" : undefined;
  });
  const those = (judgement: keyof Due) => mine.filter((_, at) => judged[at] === judgement);
  return { expired: those("expired"), leftovers: those("leftovers"), overdue: those("overdue") };
}

/** Whether a job has ended, however recently, or was made and never started. */
function isLeftOfJob({ state, ownership }: Container, now: Date): boolean {
  if (ownership.status !== "managed" || ownership.labels.lifecycle !== "ephemeral") return false;
  if (state !== "created") return state === "exited" || state === "dead";
  return ownership.labels.createdAt.getTime() + aboutToStartMs < now.getTime();
}

async function isOverdue(
  engine: Engine,
  { id, state, ownership }: Container,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (ownership.status !== "managed" || ownership.labels.lifecycle !== "ephemeral") return false;
  const timeoutSeconds = timeoutOf(ownership.labels.spec);
  if ((state !== "running" && state !== "paused") || timeoutSeconds === undefined) return false;
  const isOver = (start: Date) => start.getTime() + timeoutSeconds * 1000 + overdueGraceMs < now.getTime();
  // Lists do not say when a container started, which it cannot have before it was made.
  if (!isOver(ownership.labels.createdAt)) return false;
  const startedAt = (await find(engine, id, signal))?.details?.startedAt;
  return startedAt !== undefined && isOver(startedAt);
}

/** A job's own timeout, by the spec in its labels. */
function timeoutOf(spec: string): number | undefined {
  try {
    const { timeoutSeconds } = JSON.parse(spec) as { timeoutSeconds?: unknown };
    return typeof timeoutSeconds === "number" ? timeoutSeconds : undefined;
  } catch {
    return undefined;
  }
}

async function isExpired(
  engine: Engine,
  container: Container,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (container.ownership.status !== "managed") return false;
  const { createdAt, ttlSeconds, lifecycle } = container.ownership.labels;
  if (ttlSeconds !== undefined && createdAt.getTime() + ttlSeconds * 1000 < now.getTime()) return true;
  const idle = container.state === "created" || container.state === "exited" || container.state === "dead";
  const old = createdAt.getTime() + keptAfterEndMs < now.getTime();
  if (lifecycle !== "ephemeral" || !idle || !old) return false;
  if (container.state === "created") return true;
  // Lists do not say when a container ended.
  const finishedAt = (await find(engine, container.id, signal))?.finishedAt;
  return finishedAt !== undefined && finishedAt.getTime() + keptAfterEndMs < now.getTime();
}

async function find(engine: Engine, id: string, signal: AbortSignal | undefined): Promise<Container | undefined> {
  try {
    return await engine.containers.get(id, { signal });
  } catch (error) {
    if (CosError.is(error) && error.code === "not_found") return undefined;
    throw error;
  }
}
