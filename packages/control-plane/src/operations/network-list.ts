import * as z from "zod";
import { formatNetwork, networkSummary, toNetworkSummary } from "../network-summary.ts";
import { defineOperation } from "../operation.ts";
import { isVisible } from "../summary.ts";

export const networkList = defineOperation({
  name: "network_list",
  title: "List the engine's networks",
  description:
    "Lists the networks of the engine, with whether anything outside each can be reached from it. Managed ones, which cos made and can vouch for, are told apart from other installations' (foreign) and from everything else (unmanaged); only managed ones of your own can be joined by workloads, beside none and bridge. Agents see their own and unmanaged networks. Use it to find a network's name or id; use container_list to see which containers are on which networks. It changes nothing.",
  effect: "read",
  input: () =>
    z.strictObject({
      managed: z.boolean().default(false).describe("Only what this installation of cos made."),
    }),
  output: () => z.strictObject({ networks: z.array(networkSummary()) }),
  run: async ({ engine, caller, signal }, { managed }) => {
    const networks = await engine.networks.list({ managed }, { signal });
    return { networks: networks.filter((network) => isVisible(network, caller)).map(toNetworkSummary) };
  },
  format: ({ networks }) => (networks.length === 0 ? "No networks." : networks.map(formatNetwork).join("\n")),
});
