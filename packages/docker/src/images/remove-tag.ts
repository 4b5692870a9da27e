import { CosError, formatImageReference, parseImageReference } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { findImage } from "./find-image.ts";
import { sendRemoval } from "./remove-image.ts";

/**
 * Takes a tag away, and with its last tag the image, unless other images are built on it. Succeeds when it is gone.
 *
 * @throws CosError `conflict` when a container uses the image and this is its last tag; `invalid_argument`
 */
export async function removeTag(client: EngineClient, tag: string, signal?: AbortSignal): Promise<void> {
  const reference = parseImageReference(tag);
  if (reference === undefined) {
    throw new CosError("invalid_argument", `${JSON.stringify(tag.slice(0, 200))} is not an image's tag.`);
  }
  // Without a tag of this name the engine would look for other things that could be meant.
  if ((await findImage(client, tag, signal)) === undefined) return;
  await sendRemoval(client, formatImageReference(reference).split("/"), { force: false, signal });
}
