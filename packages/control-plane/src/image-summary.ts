import { fullTag, type Image, isBuiltByName, parseImageReference } from "@cos/core";
import * as z from "zod";
import { formatBytes } from "./format-bytes.ts";
import { once } from "./once.ts";

/** An image as operations answer with it. */
export const imageSummary = once(() =>
  z.strictObject({
    id: z.string().describe("sha256: and 64 hex digits."),
    tags: z.array(z.string()),
    digests: z.array(z.string()).describe('What registries know it by, e.g. "busybox@sha256:…".'),
    createdAt: z.string().describe("ISO 8601."),
    sizeBytes: z.number(),
    ownership: z.enum(["managed", "foreign", "unmanaged"]),
    owner: z.string().optional(),
    builtAs: z.string().optional().describe("The tag it was built under by image_build, and still has."),
    purpose: z.string().optional(),
    project: z.string().optional(),
    labels: z.record(z.string(), z.string()),
  }),
);

export type ImageSummary = z.output<ReturnType<typeof imageSummary>>;

export function toImageSummary(image: Image): ImageSummary {
  const { id, tags, digests, createdAt, sizeBytes, labels, ownership } = image;
  const { owner, purpose = "", project = "" } = ownership.status === "managed" ? ownership.labels : {};
  return {
    id,
    tags: [...tags],
    digests: [...digests],
    createdAt: createdAt.toISOString(),
    sizeBytes,
    ownership: ownership.status,
    ...(owner === undefined ? {} : { owner }),
    ...(ownership.status === "managed" && isBuiltByName(image) ? { builtAs: ownership.labels.image } : {}),
    ...(purpose === "" ? {} : { purpose }),
    ...(project === "" ? {} : { project }),
    labels: { ...labels },
  };
}

/** The digest under which the registry of a reference has this image, if it is known. */
export function digestAt(reference: string, { digests }: Pick<Image, "digests">): string | undefined {
  const { domain, path } = parseImageReference(reference) ?? {};
  return digests
    .map(parseImageReference)
    .find((known) => known !== undefined && known.domain === domain && known.path === path)?.digest;
}

/** One line about an image. */
export function formatImage({ id, tags, builtAs, sizeBytes, owner, ownership }: ImageSummary): string {
  const named = builtAs === undefined ? tags : tags.filter((tag) => fullTag(tag) === builtAs);
  return [toShortId(id), named.join(", ") || "(no tag)", formatBytes(sizeBytes), owner ?? ownership].join("  ");
}

/** The first twelve digits of an image's id. */
export function toShortId(id: string): string {
  return id.slice("sha256:".length, "sha256:".length + 12);
}
