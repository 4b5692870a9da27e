import { type Container, CosError, engineName } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";
import type { OperationContext, Target } from "./operation.ts";
import { isVisible } from "./summary.ts";

/** How a caller names a container. */
export const containerReference = once(() =>
  z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, {
      error: "expected a container's name, or 12 or more digits of its id",
    })
    .describe("Its name, or 12 or more digits of its id."),
);

/** A container as a target. */
export interface ContainerTarget extends Target {
  readonly kind: "container";
  readonly container: Container;
}

/** Fewest digits of an id that count as one, so that no id goes by chance for a name. */
const idPrefix = /^[0-9a-f]{12,64}$/;

/**
 * Finds the one container that a reference means, among those that the caller may know of.
 *
 * @throws CosError `not_found`; `ambiguous` with `details.candidates` when several could be meant.
 */
export async function resolveContainer(
  { engine, caller, signal }: OperationContext,
  reference: string,
): Promise<ContainerTarget> {
  const all = await engine.containers.list({}, { signal });
  const meant = all.filter((container) => isVisible(container, caller) && isMeant(container, reference));
  const [first, ...others] = meant;
  if (first === undefined) {
    throw new CosError("not_found", `There is no container ${JSON.stringify(reference)}.`, {
      hint: "List the containers, stopped ones included, to see what there is.",
    });
  }
  if (others.length > 0) {
    const candidates = meant.map(({ id, name, image, state }) => ({ id, name, image, state }));
    throw new CosError("ambiguous", `${JSON.stringify(reference)} could mean ${meant.length} containers.`, {
      hint: `Give one of these ids: ${candidates.map(({ id, name }) => `${id.slice(0, 12)} (${name})`).join(", ")}`,
      details: { candidates },
    });
  }
  return toContainerTarget(await engine.containers.get(first.id, { signal }));
}

/** Whether a reference means this container. Several may be meant, of which a call refuses to choose. */
export function isMeant(
  { id, name, ownership }: Pick<Container, "id" | "name" | "ownership">,
  reference: string,
): boolean {
  if (name === reference) return true;
  // Under a temporary name it is not what its own name means.
  if (ownership.status === "managed" && ownership.labels.name === reference && name === engineName(reference))
    return true;
  return idPrefix.test(reference) && id.startsWith(reference);
}

/** A container that was looked at, as a target. */
export function toContainerTarget(container: Container): ContainerTarget {
  const { id, name, image, ownership, details } = container;
  if (details === undefined) throw new Error("the engine looked at a container and told no details");
  const managed = ownership.status === "managed" ? ownership.labels : undefined;
  return {
    kind: "container",
    id,
    name,
    image: managed?.image || image,
    owner: managed?.owner,
    stateDigest: details.stateDigest,
    container,
  };
}
