import * as z from "zod";
import { previewContainer } from "../container-preview.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";
import { containerState, formatState, toState } from "../summary.ts";
import { graceSeconds } from "../grace-seconds.ts";

export const containerStop = defineOperation({
  name: "container_stop",
  title: "Stop a container",
  description:
    "Asks a container to end, and kills it after `graceSeconds`. The container and its files stay, so that it can be started again. Use it to end a service for a while; use container_rm to remove it, container_restart to start it again. Stopping one that has ended succeeds.",
  effect: "mutate",
  input: () => z.strictObject({ container: containerReference(), graceSeconds: graceSeconds() }),
  output: containerState,
  target: (context, { container }) => resolveContainer(context, container),
  preview: (_, { graceSeconds }, target) => previewContainer("Stop", target, { graceSeconds }),
  run: async ({ engine, signal }, { graceSeconds }, { id }) => {
    await engine.containers.stop(id, { graceSeconds, signal });
    return toState(await engine.containers.get(id, { signal }));
  },
  format: (container) => `stopped ${formatState(container)}`,
});
