import { engineName, volumeRequest } from "@cos/core";
import * as z from "zod";
import { defineOperation } from "../operation.ts";
import { formatVolume, toVolumeSummary, volumeSummary } from "../volume-summary.ts";

export const volumeCreate = defineOperation({
  name: "volume_create",
  title: "Make a volume that keeps data",
  description:
    "Makes a volume: a directory on the engine that outlives the containers which mount it. Use it to say beforehand what a volume is for; a mount of type volume in container_run makes a missing one by itself. One of yours that is there already is answered as it is, with `created` false. A name that belongs to somebody else, or to a volume with driver options, is refused; there are no options here. Only its owner's workloads can mount it. It stays until volume_remove takes it away.",
  effect: "mutate",
  input: () => {
    const { name, project, purpose } = volumeRequest.shape;
    return z.strictObject({
      name: name.describe("What to call it. On the engine it is called cos- and this."),
      project: project.describe("Groups objects that belong together."),
      purpose: purpose.describe("What it is for, for the people who find it."),
    });
  },
  output: () =>
    z.strictObject({
      ...volumeSummary().shape,
      created: z.boolean().describe("Whether it was not there before."),
    }),
  asks: (_, { name }) => ({ volumes: [name] }),
  preview: (_, { name }) => ({
    text: `Make a volume ${engineName(name)}, unless there is one.`,
    changes: { action: "create", volume: engineName(name) },
  }),
  run: async ({ engine, caller, signal }, request) => {
    const { volume, created } = await engine.volumes.ensure({ ...request, owner: caller.name }, { signal });
    return { ...toVolumeSummary(volume), created };
  },
  format: ({ created, ...volume }) => `${created ? "made" : "found"} ${formatVolume(volume)}`,
});
