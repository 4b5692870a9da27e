import { digestOf } from "../canonical.ts";
import type { CallOptions } from "../call-options.ts";
import type { EngineImages } from "../engine-images.ts";
import { CosError } from "../errors.ts";
import { fullTag } from "../image.ts";
import { fromLabels, newObjectId, type Signer, userLabels } from "../labels.ts";
import type { Image } from "../resources.ts";
import type { EnvSpec } from "../spec/environment.ts";
import { isImageId, parseImageReference } from "../spec/image-reference.ts";
import type { MemoryContainer } from "./memory-containers.ts";
import type { MemoryProgram } from "./memory-job.ts";

/** An image of an in-memory engine. What was only added has no program. */
export interface MemoryImage extends Omit<Image, "labels" | "ownership"> {
  readonly allLabels: Readonly<Record<string, string>>;
  readonly program?: MemoryProgram | undefined;
}

/** An image as somebody else would have made it. */
export interface AddedImage {
  readonly tags?: readonly string[];
  /** Labels of any kind; none unless set, so that nobody owns it. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Puts an image that nothing can be run from on a host.
 *
 * @returns its id.
 */
export function addImage(
  { images }: { readonly images: Map<string, MemoryImage> },
  { tags = [], labels = {} }: AddedImage,
): string {
  const id = `sha256:${newObjectId()}${newObjectId()}`;
  images.set(id, { id, tags, digests: [], createdAt: new Date(), sizeBytes: 1000, allLabels: labels });
  return id;
}

export interface MemoryImagesParts {
  /** The engine's name. */
  readonly name: string;
  readonly programs: Readonly<Record<string, MemoryProgram>>;
  readonly images: Map<string, MemoryImage>;
  readonly containers: ReadonlyMap<string, MemoryContainer>;
  readonly signer: Signer;
  /** Throws when the connection is closed or the call cancelled. */
  readonly enter: (options?: CallOptions) => void;
}

/** The images of an in-memory engine. What it can run can also be pulled, once more when it was removed. */
export function memoryImages({ name, programs, images, containers, signer, enter }: MemoryImagesParts) {
  for (const reference of Object.keys(programs)) download(reference);

  function download(reference: string): MemoryImage | undefined {
    const [known, program] = Object.entries(programs).find(([key]) => fullTag(key) === fullTag(reference)) ?? [];
    if (known === undefined || program === undefined) return undefined;
    const id = `sha256:${digestOf(fullTag(known))}`;
    const digests = [`${known.replace(/:[^:/]*$/, "")}@sha256:${digestOf(id)}`];
    const image = { id, tags: [known], digests, createdAt: new Date(0), sizeBytes: 1000, allLabels: {}, program };
    images.set(id, image);
    return image;
  }

  function find(reference: string): MemoryImage | undefined {
    if (parseImageReference(reference) === undefined && !isImageId(reference)) {
      throw new CosError("invalid_argument", `${JSON.stringify(reference)} is not an image reference.`);
    }
    return [...images.values()].find(
      ({ id, tags }) => id === reference || tags.some((tag) => fullTag(tag) === fullTag(reference)),
    );
  }

  /** The image of an environment. @throws CosError `unsupported` for one that is to be built, `not_found` */
  function get(env: EnvSpec): MemoryImage {
    if (env.image === undefined)
      throw new CosError("unsupported", `Engine ${name} cannot build images.`, { hint: "Name an image." });
    const found = find(env.image);
    if (found !== undefined) return found;
    throw new CosError("not_found", `Engine ${name} has no image ${env.image}.`, {
      hint: `It has: ${Object.keys(programs).join(", ")}`,
    });
  }

  function show({ allLabels, program: _program, ...shown }: MemoryImage): Image {
    const judged = shown.tags.map((tag) => fromLabels("image", tag, allLabels, signer));
    const ownership = judged.find(({ status }) => status === "managed") ?? judged[0] ?? { status: "unmanaged" };
    return { ...shown, labels: userLabels(allLabels), ownership };
  }

  function assertUnused(id: string): void {
    if (![...containers.values()].some(({ imageId }) => imageId === id)) return;
    throw new CosError("conflict", "The image is in use.", { hint: "Remove the containers that use it first." });
  }

  const methods: EngineImages = {
    async ensure(env, options) {
      enter(options);
      return show(get(env));
    },
    async list({ managed = false } = {}, { sizes = false, ...options } = {}) {
      enter(options);
      const shown = [...images.values()].map(show);
      const all = shown.map((image) =>
        sizes ? { ...image, use: { ownBytes: image.sizeBytes, isBase: false } } : image,
      );
      return managed ? all.filter(({ ownership }) => ownership.status === "managed") : all;
    },
    async find(reference, options) {
      enter(options);
      const found = find(reference);
      return found === undefined ? undefined : show(found);
    },
    async pull(reference, options = {}) {
      enter(options);
      if (parseImageReference(reference) === undefined) {
        throw new CosError("invalid_argument", "Images are pulled by name.", { hint: "Give a name and tag." });
      }
      options.progress?.({ phase: "pull", message: `Pulling ${reference}` });
      const image = download(reference);
      if (image !== undefined) return show(image);
      throw new CosError("not_found", `No registry has ${reference}.`, { hint: "Check the name and the tag." });
    },
    async build(_request, options) {
      enter(options);
      throw new CosError("unsupported", `Engine ${name} cannot build images.`, { hint: "Pull an image." });
    },
    async push(tag, options = {}) {
      enter(options);
      const image = find(tag);
      if (image === undefined) throw new CosError("not_found", `Engine ${name} has no image ${tag}.`);
      options.progress?.({ phase: "push", message: `Pushing ${tag}` });
      return { digest: `sha256:${digestOf(image.id)}`, pushedBytes: image.sizeBytes };
    },
    async removeTag(tag, options) {
      enter(options);
      const image = find(tag);
      if (image === undefined) return;
      const tags = image.tags.filter((other) => fullTag(other) !== fullTag(tag));
      if (tags.length > 0) return void images.set(image.id, { ...image, tags });
      assertUnused(image.id);
      images.delete(image.id);
    },
    async remove(id, { force = true, ...options } = {}) {
      enter(options);
      const image = images.get(id);
      if (image === undefined) return;
      if (!force) {
        if (image.tags.length > 1) throw new CosError("conflict", "The image has several tags.");
        assertUnused(id);
      }
      images.delete(id);
    },
  };
  return { get, methods };
}
