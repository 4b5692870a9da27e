import { engineName } from "@cos/core";
import { defineOperation } from "../operation.ts";
import { serviceFields, toServiceSpec } from "../service-fields.ts";
import { containerState, formatState, toState } from "../summary.ts";
import { describeAsks, toAsks } from "../workload-asks.ts";

export const containerCreate = defineOperation({
  name: "container_create",
  title: "Make a service without starting it",
  description:
    "Makes the container of the service `name`, checks that the engine built what was asked for, and does not start it. Use it to prepare a service, e.g. to put files into it, and container_start to start it; use container_ensure to have it running at once. A name that is taken is refused (already_exists), also when the container is as asked for. It takes the same fields as container_ensure.",
  effect: "mutate",
  input: serviceFields,
  output: containerState,
  asks: (context, input) => toAsks(context, toServiceSpec(input)),
  preview: async (context, input) => {
    const { from, sandbox, changes } = await describeAsks(context, toServiceSpec(input));
    return {
      text: `Make the service ${engineName(input.name)} from ${from}, without starting it. ${sandbox}`,
      changes: { action: "create", ...changes },
    };
  },
  run: async ({ engine, caller, secrets, progress, signal }, input) => {
    const request = { spec: toServiceSpec(input), owner: caller.name, hostRoots: caller.hostRoots, secrets };
    return toState(await engine.containers.create(request, { progress, signal }));
  },
  format: (container) => `created ${formatState(container)}`,
});
