import * as z from "zod";
import { resourceName } from "./names.ts";
import { hostPath, mountTarget } from "./paths.ts";
import { byteSize } from "./sizes.ts";

const target = mountTarget.describe("Absolute path in the container.");

/** Something mounted into a workload. */
export const mountSpec = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("volume"),
    name: resourceName.describe("Made when missing."),
    target,
    readOnly: z.boolean().optional().describe("Default false."),
  }),
  z.strictObject({
    type: z.literal("tmpfs"),
    target,
    size: byteSize("4k", "64g").optional().describe("Size, e.g. 64m."),
  }),
  z.strictObject({
    type: z.literal("bind"),
    source: hostPath.describe("Path below a configured root."),
    target,
    readOnly: z.boolean().optional().describe("Default true."),
  }),
]);

export type MountSpec = z.output<typeof mountSpec>;
