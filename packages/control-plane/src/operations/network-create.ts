import { networkRequest } from "@cos/core";
import * as z from "zod";
import { formatNetwork, networkSummary, toNetworkSummary } from "../network-summary.ts";
import { defineOperation } from "../operation.ts";

export const networkCreate = defineOperation({
  name: "network_create",
  title: "Make a network for workloads",
  description:
    "Makes a network that containers of yours can share: on it they reach each other by their names, e.g. a job reaches the service web as the host cos-web. Use it before container_run or container_ensure with the same `network`; a single workload that needs the internet can use network bridge instead. Nothing outside the network can be reached from it, and no ports can be published on it, unless `egress` is set. Only its owner's workloads can join. It stays until network_remove or gc takes it away.",
  effect: "mutate",
  input: () => {
    const { name, egress, project, purpose } = networkRequest.shape;
    return z.strictObject({
      name: name.describe("What to call it. On the engine it is called cos- and this."),
      egress: egress.describe("Whether other machines, and so the internet, can be reached from it."),
      project: project.describe("Groups objects that belong together."),
      purpose: purpose.describe("What it is for, for the people who find it."),
    });
  },
  output: networkSummary,
  asks: (_, { name, egress }) => ({ network: name, egress }),
  preview: (_, { name, egress }) => ({
    text: `Make a network ${name}. ${egress ? "It leads out of the engine's host." : "Nothing outside it can be reached from it."}`,
    changes: { action: "create", network: name, egress },
  }),
  run: async ({ engine, caller, signal }, request) =>
    toNetworkSummary(await engine.networks.create({ ...request, owner: caller.name }, { signal })),
  format: (network) => `made ${formatNetwork(network)}`,
});
