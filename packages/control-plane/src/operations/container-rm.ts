import * as z from "zod";
import { previewContainer } from "../container-preview.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";
import { containerState, formatState, toState } from "../summary.ts";

export const containerRm = defineOperation({
  name: "container_rm",
  title: "Remove a container",
  description:
    "Removes a container for good: its files outside named volumes, its log and its anonymous volumes go with it. Use it for what is needed no more; use container_stop to end it and keep it. A running container is refused unless `force` is set, which kills it first. Named volumes and the image stay.",
  effect: "destroy",
  input: () =>
    z.strictObject({
      container: containerReference(),
      force: z.boolean().default(false).describe("Also when it runs: it is killed first."),
    }),
  output: containerState,
  target: (context, { container }) => resolveContainer(context, container),
  preview: (_, { force }, target) =>
    previewContainer("Remove", target, { force }, [
      ...(force && target.container.state === "running" ? ["It runs and is killed first."] : []),
      "Its files outside named volumes, its log and its anonymous volumes are lost.",
    ]),
  run: async ({ engine, signal }, { force }, { id, container }) => {
    await engine.containers.remove(id, { force, signal });
    return toState(container);
  },
  format: (container) => `removed ${formatState(container)}`,
});
