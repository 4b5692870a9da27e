import { type Container, recreateService, specOfService } from "@cos/core";
import type { Asks } from "@cos/policy";
import * as z from "zod";
import { previewContainer } from "../container-preview.ts";
import { defineOperation, type OperationContext } from "../operation.ts";
import { containerReference, resolveContainer } from "../resolve.ts";
import { formatService, serviceResult, toServiceOutput } from "../service-result.ts";
import { toAsks } from "../workload-asks.ts";

export const containerRecreate = defineOperation({
  name: "container_recreate",
  title: "Replace a service by a new one like it",
  description:
    "Replaces the container of a service by a new one with the same fields, which its own labels tell. Use it to take a newer image, with `pull` from its registry, or to be rid of files that piled up in it; use container_restart to keep the container, and container_ensure with `recreate` to change its fields. The new one is made beside the old one and must survive its first second, or become healthy; else the old one is put back. Files outside named volumes and host paths, the log and anonymous volumes are lost. Only services that this installation made can be recreated.",
  effect: "mutate",
  input: () =>
    z.strictObject({
      container: containerReference(),
      pull: z.boolean().default(false).describe("Pull the image anew; otherwise the one that is here is used."),
    }),
  output: serviceResult,
  target: (context, { container }) => resolveContainer(context, container),
  asks: (context, { container }) => asksOf(context, container),
  preview: (_, { pull }, target) => {
    specOfService(target.container);
    return previewContainer("Recreate", target, { pull }, [
      ...(pull ? ["Its image is pulled anew."] : []),
      "Its files outside named volumes and host paths, its log and its anonymous volumes are lost.",
    ]);
  },
  run: async ({ engine, caller, secrets, progress, signal }, { pull }, { container }) => {
    const options = { pull, hostRoots: caller.hostRoots, secrets, progress, signal };
    return toServiceOutput(await recreateService(engine, container, options));
  },
  format: formatService,
});

/** What the new one would ask for. What cannot be recreated asks for nothing, and fails if policy lets it come so far. */
async function asksOf(context: OperationContext, reference: string): Promise<Asks> {
  const { container } = await resolveContainer(context, reference);
  const service = readService(container);
  return service === undefined ? {} : await toAsks(context, service.spec, service.owner);
}

function readService(container: Container): ReturnType<typeof specOfService> | undefined {
  try {
    return specOfService(container);
  } catch {
    return undefined;
  }
}
