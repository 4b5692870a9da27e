import * as z from "zod";
import { formatNetwork, networkSummary, toNetworkSummary } from "../network-summary.ts";
import { defineOperation } from "../operation.ts";
import { networkReference, resolveNetwork } from "../resolve-network.ts";

export const networkRemove = defineOperation({
  name: "network_remove",
  title: "Remove a network that nothing is on",
  description:
    "Removes a network for good. Use it when the containers that shared it are gone; use gc to remove all that are no longer used. It is refused while any container is on it, also one that does not run: that one could not be started again, so remove it first with container_rm. Networks of the engine's own stay. Removing one that vanished in the meantime succeeds.",
  effect: "destroy",
  input: () => z.strictObject({ network: networkReference() }),
  output: networkSummary,
  target: (context, { network }) => resolveNetwork(context, network),
  preview: (_, _input, { network, owner }) => {
    const { id, name, ownership } = network;
    const whose = owner === undefined ? `${ownership.status}, not made by cos here` : `owned by ${owner}`;
    return {
      text: `Remove network ${name} (${id.slice(0, 12)}), ${whose}.`,
      changes: { action: "remove", network: toNetworkSummary(network) },
    };
  },
  run: async ({ engine, signal }, _, { id, network }) => {
    await engine.networks.remove(id, { signal });
    return toNetworkSummary(network);
  },
  format: (network) => `removed ${formatNetwork(network)}`,
});
