import * as z from "zod";
import type { Volume } from "./resources.ts";
import { oneLine, ownerName, resourceName } from "./spec/names.ts";

/** A volume to be found or made: on the engine's own disk, without options. Only its owner's workloads can mount it. */
export const volumeRequest = z.strictObject({
  name: resourceName,
  owner: ownerName,
  project: resourceName.optional(),
  purpose: oneLine(256).optional(),
});

export type VolumeRequest = z.input<typeof volumeRequest>;

export interface VolumeResult {
  readonly volume: Volume;
  /** Whether it was not there before. One that was keeps its purpose and project. */
  readonly created: boolean;
}
