import type { CallOptions } from "../call-options.ts";
import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { engineName, type ManagedLabels } from "../labels.ts";
import type { Container } from "../resources.ts";

/** What there is of a service on an engine, as looking at each container tells. */
export interface FoundService {
  /** What has the service's name. */
  readonly current: Container | undefined;
  /** What was to replace it and never did. */
  readonly next: readonly Container[];
  /** What it replaced and was not removed, the latest first. */
  readonly previous: readonly Container[];
}

/**
 * Looks for a service and for what an interrupted replacement has left of it. Only reads.
 *
 * @throws CosError `already_exists` when its name belongs to somebody else, or to a job.
 */
export async function findService(
  engine: Engine,
  name: string,
  owner: string,
  { signal }: CallOptions = {},
): Promise<FoundService> {
  const wanted = engineName(name);
  const listed = await engine.containers.list({}, { signal });
  const named = listed.filter((container) => container.name === wanted || isTemporary(container, name, owner));
  const found = (await Promise.all(named.map(({ id }) => look(engine, id, signal)))).flat();
  const current = found.find((container) => container.name === wanted);
  if (current !== undefined) assertService(current, owner);
  const temporary = found.filter((container) => isTemporary(container, name, owner));
  const newestFirst = temporary.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  return {
    current,
    next: newestFirst.filter((container) => container.name.startsWith(`${wanted}.next-`)),
    previous: newestFirst.filter((container) => container.name.startsWith(`${wanted}.previous-`)),
  };
}

/** What the labels of a service say. @throws CosError as {@link findService} */
export function assertService({ name, ownership }: Container, owner?: string): ManagedLabels {
  if (ownership.status !== "managed" || (owner !== undefined && ownership.labels.owner !== owner)) {
    throw new CosError("already_exists", `There is a container named ${name} already, and it is not yours.`, {
      hint: "Choose another name.",
    });
  }
  if (ownership.labels.lifecycle !== "persistent") {
    throw new CosError("already_exists", `There is a job named ${name} already.`, {
      hint: "Choose another name, or remove the job.",
    });
  }
  return ownership.labels;
}

/** Whether a container is a service of this name and owner under one of its temporary names. */
function isTemporary({ name: onEngine, ownership }: Container, name: string, owner: string): boolean {
  if (ownership.status !== "managed" || onEngine === engineName(name)) return false;
  const { labels } = ownership;
  return labels.name === name && labels.owner === owner && labels.lifecycle === "persistent";
}

/** One container as it is now; none when it has gone meanwhile. */
async function look(engine: Engine, id: string, signal: AbortSignal | undefined): Promise<Container[]> {
  try {
    return [await engine.containers.get(id, { signal })];
  } catch (error) {
    if (CosError.is(error) && error.code === "not_found") return [];
    throw error;
  }
}
