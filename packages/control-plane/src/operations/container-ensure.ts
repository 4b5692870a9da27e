import { ensureService } from "@cos/core";
import * as z from "zod";
import { defineOperation } from "../operation.ts";
import { serviceFields, toServiceSpec } from "../service-fields.ts";
import { findOwnService, previewEnsure } from "../service-preview.ts";
import { formatService, serviceResult, toServiceOutput } from "../service-result.ts";
import { toAsks } from "../workload-asks.ts";

export const containerEnsure = defineOperation({
  name: "container_ensure",
  title: "Ensure that a service runs",
  description:
    "Finds or makes the service `name`, the container cos-<name>, and sees that it runs. Use it for what stays, such as servers and databases, as often as you like; use container_run for what ends by itself. It answers unchanged, created, started, or drifted: the service then differs as `drift` says, and `recreate` replaces it, at the loss of files outside volumes and host paths. What was started must survive a second, or become healthy if `healthCommand` is given; else the call fails with the end of its log, and what was there before is back. Give one source of the image, as for container_run. Ports are published on 127.0.0.1 only.",
  effect: "mutate",
  input: () =>
    serviceFields().safeExtend({
      recreate: z.boolean().default(false).describe("Replace it when it differs."),
    }),
  output: serviceResult,
  target: (context, { name }) => findOwnService(context, name),
  asks: (context, input) => toAsks(context, toServiceSpec(input)),
  preview: (context, { recreate, ...input }) =>
    previewEnsure(context, { spec: toServiceSpec(input), owner: context.caller.name, recreate }),
  run: async ({ engine, caller, secrets, progress, signal }, { recreate, ...input }) => {
    const { name: owner, hostRoots } = caller;
    const request = { spec: toServiceSpec(input), owner, hostRoots, secrets, recreate };
    return toServiceOutput(await ensureService(engine, request, { progress, signal }));
  },
  format: formatService,
});
