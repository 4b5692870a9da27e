import { CosError, digestOf, fullTag, type Image, ownerOfTag, parseImageReference } from "@cos/core";
import * as z from "zod";
import { toShortId } from "./image-summary.ts";
import { once } from "./once.ts";
import type { OperationContext, Target } from "./operation.ts";
import { isVisible } from "./summary.ts";

/** How a caller names an image that is here. */
export const imageReference = once(() =>
  z
    .string()
    .max(512)
    .refine((text) => idPrefix.test(text) || parseImageReference(text) !== undefined, {
      error: 'expected a tag like "app:1", a digest like "app@sha256:…", or 12 or more digits of an id',
    })
    .describe('The image\'s tag, e.g. "app:1", its digest in a repository, or at least 12 hex digits of its id.'),
);

/** An image as a target. */
export interface ImageTarget extends Target {
  readonly kind: "image";
  readonly found: Image;
  /** The tag that it was named by, as the engine spells it; undefined when it was named by its id or digest. */
  readonly tag?: string | undefined;
}

/** Fewest digits of an id that count as one, so that no id goes by chance for a name. */
const idPrefix = /^(?:sha256:)?[0-9a-f]{12,64}$/;

/**
 * Finds the one image that a reference means, among those that the caller may know of.
 *
 * @throws CosError `not_found`; `ambiguous` with `details.candidates` when several could be meant.
 */
export async function resolveImage(
  { engine, caller, signal }: OperationContext,
  reference: string,
): Promise<ImageTarget> {
  const all = await engine.images.list({}, { signal });
  const meant = all.filter((image) => isVisible(image, caller) && isMeant(image, reference));
  const [image, ...others] = meant;
  if (image === undefined) {
    throw new CosError("not_found", `There is no image ${JSON.stringify(reference)} on the engine.`, {
      hint: "List the images to see what there is.",
    });
  }
  if (others.length > 0) {
    const candidates = meant.map(({ id, tags }) => ({ id, tags }));
    throw new CosError("ambiguous", `${JSON.stringify(reference)} could mean ${meant.length} images.`, {
      hint: `Give one of these ids: ${candidates.map(({ id }) => id).join(", ")}`,
      details: { candidates },
    });
  }
  return toImageTarget(image, tagOf(image, reference));
}

/**
 * What has a tag now, if anything has.
 *
 * @throws CosError `invalid_argument`
 */
export async function findTagged(
  { engine, signal }: OperationContext,
  reference: string,
): Promise<ImageTarget | undefined> {
  const image = await engine.images.find(reference, { signal });
  return image === undefined ? undefined : toImageTarget(image, tagOf(image, reference));
}

function isMeant(image: Image, reference: string): boolean {
  if (tagOf(image, reference) !== undefined) return true;
  if (image.digests.some((digest) => fullTag(digest) === fullTag(reference))) return true;
  return idPrefix.test(reference) && image.id.startsWith(`sha256:${reference.replace("sha256:", "")}`);
}

function tagOf({ tags }: Image, reference: string): string | undefined {
  return tags.find((tag) => fullTag(tag) === fullTag(reference));
}

/** Whoever names an image by a tag gets what that tag says of its owner: somebody may have put it there. */
function toImageTarget(image: Image, tag: string | undefined): ImageTarget {
  const { id, tags, ownership } = image;
  const owner = ownership.status === "managed" ? ownership.labels.owner : undefined;
  return {
    kind: "image",
    id,
    name: tag ?? tags[0] ?? toShortId(id),
    tag,
    found: image,
    owner: tag === undefined ? owner : ownerOfTag(image, tag),
    stateDigest: digestOf({ id, tags: tags.toSorted() }),
  };
}
