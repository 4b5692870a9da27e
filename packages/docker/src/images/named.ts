import { CosError, engineName, type Image, ownerOfTag, parseImageReference, type Signer } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { findImage } from "./find-image.ts";
import { toImage } from "./image.ts";
import { removeTag } from "./remove-tag.ts";

interface Parts {
  readonly client: EngineClient;
  readonly signer: Signer;
}

interface Claim {
  readonly tag: string;
  readonly owner: string;
}

/**
 * What has the tag now, if that may lose it: an image that this owner had built for it.
 *
 * @throws CosError `already_exists`
 */
export async function assertTagIsFree(
  { client, signer }: Parts,
  { tag, owner }: Claim,
  signal?: AbortSignal,
): Promise<Image | undefined> {
  const body = await findImage(client, tag, signal);
  if (body === undefined) return undefined;
  const image = toImage(body, signer);
  if (ownerOfTag(image, tag) === owner) return image;
  throw new CosError("already_exists", `The tag ${tag} is on an image that was not built for it here, or not by you.`, {
    hint: "Choose another tag, or remove this one first if nobody needs it.",
    details: { imageId: image.id },
  });
}

/**
 * Gives a built image the tag it was built for. What had the tag before goes, unless a container uses it.
 *
 * @throws CosError `already_exists` when somebody else has taken the tag in the meantime.
 */
export async function giveTag(
  parts: Parts,
  { id, ...claim }: Claim & { readonly id: string },
  signal?: AbortSignal,
): Promise<Image> {
  const { client, signer } = parts;
  const before = await assertTagIsFree(parts, claim, signal);
  if (before?.id !== id) {
    const { domain, path, tag } = parseImageReference(claim.tag) ?? {};
    const query = { repo: `${domain}/${path}`, tag };
    await client.call("POST", ["images", id.replace("sha256:", ""), "tag"], { query, signal });
  }
  if (before !== undefined && before.id !== id) await removeSuperseded(client, before);
  const body = await findImage(client, claim.tag, signal);
  if (body?.Id === id) return toImage(body, signer);
  throw new CosError("conflict", `Somebody else moved the tag ${claim.tag} at the same time.`, { hint: "Try again." });
}

async function removeSuperseded(client: EngineClient, { ownership }: Image): Promise<void> {
  if (ownership.status !== "managed") return;
  try {
    await removeTag(client, engineName(ownership.labels.name));
  } catch (error) {
    // What is still used stays under the tag of its content, by which it is found when it no longer is.
    if (!CosError.is(error) || error.code !== "conflict") throw error;
  }
}
