import { CosError, digestOf, type Volume } from "@cos/core";
import * as z from "zod";
import { once } from "./once.ts";
import type { OperationContext, Target } from "./operation.ts";
import { isVisible } from "./summary.ts";
import { toVolumeSummary } from "./volume-summary.ts";

/** How a caller names a volume that is there. */
export const volumeReference = once(() =>
  z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, { error: "expected a volume's name" })
    .describe("The volume's whole name, or the name it was given in cos."),
);

/** A volume as a target. */
export interface VolumeTarget extends Target {
  readonly kind: "volume";
  readonly volume: Volume;
}

/**
 * Finds the one volume that a reference means, among those that the caller may know of.
 *
 * @throws CosError `not_found`; `ambiguous` with `details.candidates` when several could be meant.
 */
export async function resolveVolume(context: OperationContext, reference: string): Promise<VolumeTarget> {
  const { engine, caller, signal } = context;
  const all = await engine.volumes.list({}, { signal });
  const meant = all.filter((volume) => isVisible(volume, caller) && isMeant(volume, reference));
  const [volume, ...others] = meant;
  if (volume === undefined) {
    throw new CosError("not_found", `There is no volume ${JSON.stringify(reference)}.`, {
      hint: "List the volumes to see what there is.",
    });
  }
  if (others.length > 0) {
    const candidates = meant.map(({ name }) => ({ name }));
    throw new CosError("ambiguous", `${JSON.stringify(reference)} could mean ${meant.length} volumes.`, {
      hint: `Give the whole name: ${candidates.map(({ name }) => name).join(", ")}`,
      details: { candidates },
    });
  }
  return toVolumeTarget(volume);
}

function toVolumeTarget(volume: Volume): VolumeTarget {
  const { name, ownership } = volume;
  const managed = ownership.status === "managed" ? ownership.labels : undefined;
  // An engine has no other id for a volume; one that was made anew under the name has other labels.
  const stateDigest = digestOf({ ...toVolumeSummary(volume), cosId: managed?.id });
  return { kind: "volume", id: name, name, owner: managed?.owner, stateDigest, volume };
}

function isMeant({ name, ownership }: Volume, reference: string): boolean {
  return name === reference || (ownership.status === "managed" && ownership.labels.name === reference);
}
