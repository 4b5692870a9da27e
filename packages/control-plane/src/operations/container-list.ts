import * as z from "zod";
import { defineOperation } from "../operation.ts";
import { containerSummary, formatState, isVisible, toSummary } from "../summary.ts";

export const containerList = defineOperation({
  name: "container_list",
  title: "List containers",
  description:
    "Lists the containers of the engine: running ones, or with `all` those in every state. Managed ones, which cos made and can vouch for, are told apart from other installations' (foreign) and from everything else (unmanaged). Agents see their own and unmanaged containers. Use it to see what runs and to find a container's id, state or published ports. It changes nothing.",
  effect: "read",
  input: () =>
    z.strictObject({
      all: z.boolean().default(false).describe("Also those that are not running."),
      managed: z.boolean().default(false).describe("Only what this installation of cos made."),
    }),
  output: () => z.strictObject({ containers: z.array(containerSummary()) }),
  run: async ({ engine, caller, signal }, { all, managed }) => {
    const containers = await engine.containers.list({ managed }, { signal });
    const shown = containers.filter(
      (container) => (all || container.state === "running") && isVisible(container, caller),
    );
    return { containers: shown.map(toSummary) };
  },
  format: ({ containers }) => (containers.length === 0 ? "No containers." : containers.map(formatState).join("\n")),
});
