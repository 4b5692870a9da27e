import {
  type CallOptions,
  CosError,
  type EnvSpec,
  type Image,
  type ImageBuildOptions,
  type ImageBuildRequest,
  type ImageBuildResult,
  type ImageOptions,
  type ImagePushResult,
  type ImageRemoveOptions,
  imageTag,
  type ImageReference,
  isImageId,
  type ListOptions,
  managedLabel,
  parseImageReference,
  parseWith,
  type Signer,
  type TransferOptions,
} from "@cos/core";
import type { ImageBody, ImageRow } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import type { Builds } from "./builds.ts";
import { findImage } from "./find-image.ts";
import { usesOf } from "./image-use.ts";
import { fromImageBody, fromImageRow, type ResolvedImage, toImage } from "./image.ts";

export interface ImagesParts {
  readonly client: EngineClient;
  readonly signer: Signer;
  /** Where Docker's configuration with the registries' credentials is found. */
  readonly env: NodeJS.ProcessEnv;
}

/** The images of an engine. */
export class Images {
  readonly #client: EngineClient;
  readonly #signer: Signer;
  readonly #env: NodeJS.ProcessEnv;
  #builds: Promise<Builds> | undefined;

  constructor({ client, signer, env }: ImagesParts) {
    this.#client = client;
    this.#signer = signer;
    this.#env = env;
  }

  /**
   * The image of an environment: found, pulled, or built. A local image costs one call to the engine. What is built is
   * tagged by the digest of everything it is made from, and found again by it.
   *
   * @throws CosError `not_found` (no such image, or not here and never to be pulled), `denied` (the registry, or the
   * context lies outside the roots), `failed_precondition` (a step of the build failed), `invalid_argument`,
   * `conflict` (somebody else has tagged an image as ours), `unavailable`, `deadline_exceeded`, `cancelled`
   */
  async ensure(env: EnvSpec, options: ImageOptions): Promise<Image & ResolvedImage> {
    return await settled(options.signal, async () => {
      const body = await this.#ensure(env, options);
      return { ...toImage(body, this.#signer), ...fromImageBody(body) };
    });
  }

  async find(name: string, { signal }: CallOptions = {}): Promise<Image | undefined> {
    const body = await findImage(this.#client, name, signal);
    return body === undefined ? undefined : toImage(body, this.#signer);
  }

  async pull(name: string, { signal, progress }: TransferOptions = {}): Promise<Image> {
    const reference = toReference(name);
    return await settled(signal, async () =>
      toImage(await this.#pull(name, reference, { signal, progress }), this.#signer),
    );
  }

  async build(request: ImageBuildRequest, options: ImageBuildOptions = {}): Promise<ImageBuildResult> {
    const tag = parseWith(imageTag, request.tag, "image's tag");
    return await settled(options.signal, async () => {
      const { assertTagIsFree, giveTag } = await import("./named.ts");
      const parts = { client: this.#client, signer: this.#signer };
      const { owner } = request;
      // Asked before the work as well, which takes long.
      await assertTagIsFree(parts, { tag, owner }, options.signal);
      const builds = await this.#loadBuilds();
      const { body, cached } = await builds.ensureNamed(request, { ...options, owner });
      return { image: await giveTag(parts, { tag, owner, id: body.Id }, options.signal), cached };
    });
  }

  async push(name: string, { signal, progress }: TransferOptions = {}): Promise<ImagePushResult> {
    const tag = parseWith(imageTag, name, "image's tag");
    return await settled(signal, async () => {
      if ((await findImage(this.#client, tag, signal)) === undefined) {
        throw new CosError("not_found", `The engine has no image ${tag}.`, { hint: "Build it under this tag first." });
      }
      const { pushImage } = await import("./push.ts");
      return await pushImage(this.#client, toReference(tag), { env: this.#env, signal, progress });
    });
  }

  async removeTag(tag: string, { signal }: CallOptions = {}): Promise<void> {
    const { removeTag } = await import("./remove-tag.ts");
    await removeTag(this.#client, tag, signal);
  }

  async list(
    { managed = false }: { readonly managed?: boolean } = {},
    { signal, sizes = false }: ListOptions = {},
  ): Promise<Image[]> {
    // What others are built on need not be managed.
    const filters =
      managed && !sizes ? JSON.stringify({ label: [`${managedLabel.name}=${managedLabel.value}`] }) : undefined;
    const query = { filters, all: sizes ? true : undefined };
    const rows = await this.#client.call<ImageRow[]>("GET", ["images", "json"], { query, signal });
    const uses = sizes ? usesOf(rows) : undefined;
    const images = rows
      .filter(({ Id }) => uses === undefined || uses.has(Id))
      .map((row) => ({ ...fromImageRow(row, this.#signer), ...(uses && { use: uses.get(row.Id) }) }));
    return managed ? images.filter(({ ownership }) => ownership.status === "managed") : images;
  }

  async remove(id: string, { signal, force = true }: ImageRemoveOptions = {}): Promise<void> {
    const { removeImage } = await import("./remove-image.ts");
    await removeImage(this.#client, id, { force, signal });
  }

  async #ensure(env: EnvSpec, options: ImageOptions): Promise<ImageBody> {
    if (env.build !== undefined) return await (await this.#loadBuilds()).ensureBuilt(env.build, options);
    if (env.base !== undefined) {
      return await (await this.#loadBuilds()).ensureProvisioned(env.base, env.provision ?? [], options);
    }
    if (env.image !== undefined) return await this.#ensureNamed(env.image, options);
    throw new CosError("invalid_argument", "The environment names no image.", {
      hint: "Give an image, a build, or a base with provision.",
    });
  }

  async #ensureNamed(name: string, { pull = "missing", signal, progress }: ImageOptions): Promise<ImageBody> {
    const reference = parseImageReference(name);
    if (pull !== "always" || reference === undefined) {
      const found = await findImage(this.#client, name, signal);
      if (found !== undefined) return found;
      if (reference === undefined) {
        throw new CosError("not_found", `The engine has no image ${name}.`, {
          hint: "Images cannot be pulled by id; name the image.",
        });
      }
      if (pull === "never") {
        throw new CosError("not_found", `The engine has no image ${name}, and it is not to be pulled.`, {
          hint: "Let it be pulled (pull: missing).",
        });
      }
    }
    return await this.#pull(name, reference, { signal, progress });
  }

  async #pull(name: string, reference: ImageReference, { signal, progress }: TransferOptions): Promise<ImageBody> {
    const { pullImage } = await import("./pull.ts");
    await pullImage(this.#client, reference, { env: this.#env, signal, progress });
    const pulled = await findImage(this.#client, name, signal);
    if (pulled === undefined) throw new CosError("internal", `The engine has pulled ${name} but does not have it.`);
    return pulled;
  }

  /** Most jobs use an image that is there, so what pulls and builds is loaded when it is first needed. */
  #loadBuilds(): Promise<Builds> {
    this.#builds ??= import("./builds.ts").then(
      ({ Builds }) => new Builds(this.#client, this.#signer, (name, options) => this.#ensureNamed(name, options)),
    );
    return this.#builds;
  }
}

/** Runs something that ends in a `CosError` or not at all, and in `cancelled` when its signal has ended it. */
async function settled<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
  try {
    signal?.throwIfAborted();
    return await run();
  } catch (error) {
    if (signal?.aborted !== true || CosError.is(error)) throw CosError.from(error);
    throw new CosError("cancelled", "The call was cancelled.", { cause: error });
  }
}

function toReference(name: string): ImageReference {
  const reference = parseImageReference(name);
  if (reference !== undefined) return reference;
  throw new CosError("invalid_argument", `${JSON.stringify(name.slice(0, 200))} is not an image reference.`, {
    hint: isImageId(name) ? "Registries know images by name, not by id." : 'Expected one like "python:3.12-slim".',
  });
}
