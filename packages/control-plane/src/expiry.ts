import { type Container, CosError, type Engine } from "@cos/core";
import type { Caller } from "./caller.ts";

/** How long a job's container is kept after it ended, or was created and never started, in milliseconds. */
const keptAfterEndMs = 3_600_000;

/** The managed containers whose time is over and that the caller may remove: people all, agents their own. */
export async function findExpired(
  engine: Engine,
  caller: Caller,
  now: Date,
  signal?: AbortSignal,
): Promise<Container[]> {
  const agent = caller.kind === "stdio" || caller.kind === "http";
  const managed = await engine.containers.list({ managed: true }, { signal });
  const mine = managed.filter(
    ({ ownership }) => ownership.status === "managed" && (!agent || ownership.labels.owner === caller.name),
  );
  const judged = await Promise.all(
    mine.map(async (container) => ((await isExpired(engine, container, now, signal)) ? [container] : [])),
  );
  return judged.flat();
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
