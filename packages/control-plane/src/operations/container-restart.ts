import * as z from "zod";
import { previewContainer } from "../container-preview.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";
import { containerSummary, formatSummary, toSummary } from "../summary.ts";
import { graceSeconds } from "../grace-seconds.ts";

export const containerRestart = defineOperation({
  name: "container_restart",
  title: "Restart a container",
  description:
    "Stops a container, if it runs, and starts it again with the same configuration. Use it when a service hangs or must read its configuration anew; use container_stop to end it for good. What it holds in memory is lost, its files and volumes stay. It is asked to end and killed after `graceSeconds`.",
  effect: "mutate",
  input: () => z.strictObject({ container: containerReference(), graceSeconds: graceSeconds() }),
  output: containerSummary,
  target: (context, { container }) => resolveContainer(context, container),
  preview: (_, { graceSeconds }, target) => previewContainer("Restart", target, { graceSeconds }),
  run: async ({ engine, signal }, { graceSeconds }, { id }) => {
    await engine.containers.restart(id, { graceSeconds, signal });
    return toSummary(await engine.containers.get(id, { signal }));
  },
  format: (container) => `restarted ${formatSummary(container)}`,
});
