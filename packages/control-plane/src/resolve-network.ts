import { CosError, digestOf, type Network } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";
import type { OperationContext, Target } from "./operation.ts";
import { isVisible } from "./summary.ts";

/** How a caller names a network. */
export const networkReference = once(() =>
  z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, {
      error: "expected a network's name, or 12 or more digits of its id",
    })
    .describe("Its name, or 12 or more digits of its id."),
);

/** A network as a target. */
export interface NetworkTarget extends Target {
  readonly kind: "network";
  readonly network: Network;
}

/**
 * Finds the one network that a reference means, among those that the caller may know of.
 *
 * @throws CosError `not_found`; `ambiguous` with `details.candidates` when several could be meant.
 */
export async function resolveNetwork(
  { engine, caller, signal }: OperationContext,
  reference: string,
): Promise<NetworkTarget> {
  const all = await engine.networks.list({}, { signal });
  const meant = all.filter((network) => isVisible(network, caller) && isMeant(network, reference));
  const [network, ...others] = meant;
  if (network === undefined) {
    throw new CosError("not_found", `There is no network ${JSON.stringify(reference)}.`, {
      hint: "List the networks to see what there is.",
    });
  }
  if (others.length > 0) {
    const candidates = meant.map(({ id, name }) => ({ id, name }));
    throw new CosError("ambiguous", `${JSON.stringify(reference)} could mean ${meant.length} networks.`, {
      hint: `Give one of these ids: ${candidates.map(({ id, name }) => `${id.slice(0, 12)} (${name})`).join(", ")}`,
      details: { candidates },
    });
  }
  const { id, name, internal, createdAt, ownership } = network;
  return {
    kind: "network",
    id,
    name,
    owner: ownership.status === "managed" ? ownership.labels.owner : undefined,
    stateDigest: digestOf({ id, name, internal, createdAt: createdAt.toISOString(), ownership: ownership.status }),
    network,
  };
}

function isMeant({ id, name, ownership }: Network, reference: string): boolean {
  if (name === reference) return true;
  if (ownership.status === "managed" && ownership.labels.name === reference) return true;
  return /^[0-9a-f]{12,64}$/.test(reference) && id.startsWith(reference);
}
