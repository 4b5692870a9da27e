import { startService } from "@cos/core";
import * as z from "zod";
import { previewContainer } from "../container-preview.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";
import { containerState, formatState, toState } from "../summary.ts";

export const containerStart = defineOperation({
  name: "container_start",
  title: "Start a container",
  description:
    "Starts a container that was stopped, has ended, or was made by container_create, and waits until it has survived its first second, or is healthy when it was given a health check. Use it after container_stop; use container_ensure to have a service whether it exists or not, and container_restart for one that runs. It fails with the exit code and the end of the log when the container ends at once, and leaves it there. Starting one that runs changes nothing; a job runs only once.",
  effect: "mutate",
  input: () => z.strictObject({ container: containerReference() }),
  output: containerState,
  target: (context, { container }) => resolveContainer(context, container),
  preview: (_context, _input, target) => previewContainer("Start", target, {}),
  run: async ({ engine, secrets, progress, signal }, _input, { container }) =>
    toState(await startService(engine, container, { secrets, progress, signal })),
  format: (container) => `started ${formatState(container)}`,
});
