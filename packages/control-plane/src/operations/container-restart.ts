import * as z from "zod";
import { previewContainer } from "../container-preview.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";
import { containerState, formatState, toState } from "../summary.ts";
import { graceSeconds } from "../grace-seconds.ts";

export const containerRestart = defineOperation({
  name: "container_restart",
  title: "Restart a container",
  description:
    "Stops a container, if it runs, and starts it with the same configuration: asked to end, it is killed after `graceSeconds`. Use it when a service hangs, must read its configuration anew, or was stopped; use container_ensure to change its configuration. What it holds in memory is lost, its files and volumes stay.",
  effect: "mutate",
  input: () => z.strictObject({ container: containerReference(), graceSeconds: graceSeconds() }),
  output: containerState,
  target: (context, { container }) => resolveContainer(context, container),
  preview: (_, { graceSeconds }, target) => previewContainer("Restart", target, { graceSeconds }),
  run: async ({ engine, signal }, { graceSeconds }, { id }) => {
    await engine.containers.restart(id, { graceSeconds, signal });
    return toState(await engine.containers.get(id, { signal }));
  },
  format: (container) => `restarted ${formatState(container)}`,
});
