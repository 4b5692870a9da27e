import * as z from "zod";
import type { CallOptions } from "./call-options.ts";
import type { ImageOptions } from "./engine-images.ts";
import type { ProgressSink } from "./job.ts";
import { engineName } from "./labels.ts";
import type { Image } from "./resources.ts";
import type { EnvSpec } from "./spec/environment.ts";
import { formatImageReference, parseImageReference } from "./spec/image-reference.ts";

/** What pulling and pushing take. */
export interface TransferOptions extends CallOptions {
  readonly progress?: ProgressSink | undefined;
}

/** An image to be built once and used by its name. */
export interface ImageBuildRequest {
  /** What it is made from: a build, or a base with provision. */
  readonly env: EnvSpec;
  /** The name it gets; see {@link imageTag}. */
  readonly tag: string;
  readonly owner: string;
  /** Labels of the caller's own, named `user.*`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly project?: string | undefined;
  readonly purpose?: string | undefined;
}

export type ImageBuildOptions = Omit<ImageOptions, "owner">;

export interface ImageBuildResult {
  readonly image: Image;
  /** Whether an image of the same content was there, so that nothing was built. */
  readonly cached: boolean;
}

export interface ImagePushResult {
  /** The digest that the registry knows it by: `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Bytes of layers that the registry did not have, uncompressed. */
  readonly pushedBytes: number;
}

/** Repositories of Docker Hub's own namespace that begin like this stand for what cos has built. */
const reserved = /^docker\.io\/library\/cos-/;

/** The name of an image to build or push: a reference with a tag, `latest` unless given, and without a digest. */
export const imageTag = z
  .string()
  .max(512)
  .refine((text) => isTag(text), {
    error: 'expected a name and tag like "app:1" or "ghcr.io/team/app:1.2", without a digest',
    abort: true,
  })
  .refine((text) => !reserved.test(fullTag(text)), { error: 'names that begin with "cos-" are cos\'s own' });

function isTag(text: string): boolean {
  const reference = parseImageReference(text);
  return reference !== undefined && reference.digest === undefined;
}

/** The full form of a reference, so that two spellings of the same name are equal; other text stays as it is. */
export function fullTag(text: string): string {
  const reference = parseImageReference(text);
  return reference === undefined ? text : formatImageReference(reference);
}

/**
 * Whose a tag is. An image that cos built has the tag of its content (`cos-build:…`) and, when it was built by name,
 * the tag it was built for; both are its owner's. Any other tag on it was put there by somebody else, and is nobody's.
 *
 * @returns undefined when this installation did not give the image this tag.
 */
export function ownerOfTag({ ownership }: Pick<Image, "ownership">, tag: string): string | undefined {
  if (ownership.status !== "managed") return undefined;
  const { name, image, lifecycle, owner } = ownership.labels;
  const given = lifecycle === "persistent" ? [engineName(name), image] : [engineName(name)];
  return given.some((own) => fullTag(own) === fullTag(tag)) ? owner : undefined;
}

/** Whether an image was built by name and still has that name. One that lost it to a newer build is a leftover. */
export function isBuiltByName({ ownership, tags }: Pick<Image, "ownership" | "tags">): boolean {
  if (ownership.status !== "managed" || ownership.labels.lifecycle !== "persistent") return false;
  const { image } = ownership.labels;
  return tags.some((tag) => fullTag(tag) === fullTag(image));
}
