import { type Container, engineName } from "@cos/core";

/** How long a replacement of a service may take at most, in milliseconds; what is left of it then was abandoned. */
const abandonedAfterMs = 600_000;

/**
 * What replacements of services left behind whose process died: successors that were never started, and predecessors whose
 * successor has their name. A predecessor without one stays, for it is all that is left of the service.
 */
export function findRecreateLeftovers(managed: readonly Container[], now: Date): Container[] {
  const byName = new Map(managed.map((container) => [container.name, container]));
  return managed.filter((container) => {
    const { name, state, ownership } = container;
    if (ownership.status !== "managed" || name === engineName(ownership.labels.name)) return false;
    if (name.includes(".next-")) return state === "created" && isAbandoned(container, now);
    const successor = byName.get(engineName(ownership.labels.name));
    return (state === "exited" || state === "dead") && successor !== undefined && isAbandoned(successor, now);
  });
}

/** Judged by the container that a replacement makes: the other one may be as old as the service. */
function isAbandoned({ ownership }: Container, now: Date): boolean {
  return ownership.status === "managed" && ownership.labels.createdAt.getTime() + abandonedAfterMs < now.getTime();
}
