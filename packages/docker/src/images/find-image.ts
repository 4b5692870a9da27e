import { CosError, formatImageReference, isImageId, parseImageReference } from "@cos/core";
import type { ImageBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";

/**
 * The image that the engine has under a reference or a full id. Engines also find images by the start of their id; an
 * image found that way does not count.
 *
 * @param name as `imageName` of `@cos/core` allows it.
 * @throws CosError `invalid_argument` when `name` is neither a reference nor a full id.
 */
export async function findImage(
  client: EngineClient,
  name: string,
  signal?: AbortSignal,
): Promise<ImageBody | undefined> {
  const reference = parseImageReference(name);
  if (reference === undefined && !isImageId(name)) {
    throw new CosError("invalid_argument", `${JSON.stringify(name.slice(0, 200))} is not an image reference.`);
  }
  const asked = reference === undefined ? name : formatImageReference(reference);
  try {
    const body = await client.call<ImageBody>("GET", ["images", ...asked.split("/"), "json"], { signal });
    return carries(body, asked) ? body : undefined;
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}

/** Whether an image has a full id or a complete reference among its own names. */
function carries(body: ImageBody, asked: string): boolean {
  const reference = parseImageReference(asked);
  if (reference === undefined) return body.Id === asked;
  const { digest } = reference;
  const names = (digest === undefined ? body.RepoTags : body.RepoDigests) ?? [];
  return names.some((name) => {
    const own = parseImageReference(name);
    if (own === undefined || own.domain !== reference.domain || own.path !== reference.path) return false;
    return digest === undefined ? own.tag === reference.tag : own.digest === digest;
  });
}
