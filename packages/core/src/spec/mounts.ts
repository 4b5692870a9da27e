import * as z from "zod";
import { resourceName } from "./names.ts";
import { hostPath, mountTarget } from "./paths.ts";
import { byteSize } from "./sizes.ts";

const target = mountTarget.describe("Where it appears inside the container.");

/** Something mounted into a workload. */
export const mountSpec = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("volume"),
    name: resourceName.describe("Managed volume; created when it does not exist."),
    target,
    readOnly: z.boolean().optional().describe("Default false."),
  }),
  z.strictObject({
    type: z.literal("tmpfs"),
    target,
    size: byteSize("4k", "64g").optional().describe("Default: limits.tmpfs."),
  }),
  z.strictObject({
    type: z.literal("bind"),
    source: hostPath.describe("Existing host path below a configured root."),
    target,
    readOnly: z.boolean().optional().describe("Default true."),
  }),
]);

export type MountSpec = z.output<typeof mountSpec>;
