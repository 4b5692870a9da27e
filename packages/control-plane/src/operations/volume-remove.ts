import { CosError } from "@cos/core";
import * as z from "zod";
import { defineOperation, type OperationContext } from "../operation.ts";
import { resolveVolume, volumeReference } from "../resolve-volume.ts";
import { isVisible } from "../summary.ts";
import { formatVolume, toVolumeSummary, volumeSummary } from "../volume-summary.ts";

export const volumeRemove = defineOperation({
  name: "volume_remove",
  title: "Remove a volume and its data",
  description:
    "Removes a volume with everything in it; nothing brings that back. Use it when the data is no longer needed; mount it in a job first to copy what is. It is refused while any container mounts it, also one that does not run: the answer names them, to be removed with container_rm. Anonymous volumes go with their containers and need no removal. Removing one that vanished in the meantime succeeds.",
  effect: "destroy",
  input: () => z.strictObject({ volume: volumeReference() }),
  output: volumeSummary,
  target: (context, { volume }) => resolveVolume(context, volume),
  preview: (_, _input, { volume, owner, name }) => {
    const whose = owner === undefined ? `${volume.ownership.status}, not made by cos here` : `owned by ${owner}`;
    return {
      text: `Remove volume ${name}, ${whose}. Everything in it is lost.`,
      changes: { action: "remove", volume: toVolumeSummary(volume) },
    };
  },
  run: async (context, _, { name, volume }) => {
    const { engine, signal } = context;
    await engine.volumes.remove(name, { signal }).catch(async (error: unknown) => {
      throw await withNames(context, name, CosError.from(error));
    });
    return toVolumeSummary(volume);
  },
  format: (volume) => `removed ${formatVolume(volume)}`,
});

/** A refusal because of containers, with the names of those that the caller may know of. */
async function withNames(context: OperationContext, name: string, error: CosError): Promise<CosError> {
  const ids = error.details?.["containerIds"] as readonly string[] | undefined;
  if (error.code !== "conflict" || ids === undefined) return error;
  const { engine, caller, signal } = context;
  const users = (await engine.containers.list({}, { signal })).filter(({ id }) => ids.includes(id));
  const known = users.filter((container) => isVisible(container, caller)).map((container) => container.name);
  const hidden = ids.length - known.length;
  const who = [...known, ...(hidden > 0 ? [`${hidden} of others`] : [])].join(", ");
  return new CosError("conflict", `Containers use the volume ${name}: ${who}.`, {
    hint: "Remove them first, stopped ones too.",
    details: { containers: known },
    cause: error,
  });
}
