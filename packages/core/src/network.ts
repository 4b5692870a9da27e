import * as z from "zod";
import type { Container, Network } from "./resources.ts";
import { networkName, oneLine, ownerName, resourceName } from "./spec/names.ts";

/** A network to be made: a bridge of its own, without options. Nobody but its owner's workloads can join it. */
export const networkRequest = z.strictObject({
  name: networkName.refine((name) => name !== "none" && name !== "bridge", {
    error: '"none" and "bridge" are networks that every engine has; choose another name',
  }),
  owner: ownerName,
  egress: z.boolean().default(false),
  project: resourceName.optional(),
  purpose: oneLine(256).optional(),
});

/** What callers write to have a network made; without `egress` nothing outside it can be reached from it. */
export type NetworkRequest = z.input<typeof networkRequest>;

/**
 * Whether a container is on a network, in any state: what was stopped or never started needs its network to start. It
 * may have been made with the start of the network's id instead of its name.
 */
export function isOnNetwork(
  { networks }: Pick<Container, "networks">,
  { id, name }: Pick<Network, "id" | "name">,
): boolean {
  return networks.some((known) => known === name || (known !== "" && id.startsWith(known)));
}
