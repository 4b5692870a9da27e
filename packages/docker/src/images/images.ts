import {
  type CallOptions,
  CosError,
  type EnvSpec,
  type ImageOptions,
  parseImageReference,
  type Signer,
} from "@cos/core";
import type { ImageBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import type { Builds } from "./builds.ts";
import { findImage } from "./find-image.ts";
import { fromImageBody, type ResolvedImage } from "./image.ts";

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
  async ensure(env: EnvSpec, options: ImageOptions): Promise<ResolvedImage> {
    try {
      options.signal?.throwIfAborted();
      return fromImageBody(await this.#ensure(env, options));
    } catch (error) {
      if (options.signal?.aborted !== true || CosError.is(error)) throw CosError.from(error);
      throw new CosError("cancelled", "The call was cancelled.", { cause: error });
    }
  }

  /**
   * Removes an image, also when tags point to it. Succeeds when it is already gone.
   *
   * @param id a full id, `sha256:` and 64 hex digits.
   * @throws CosError `conflict` when a container or another image needs it; `invalid_argument`
   */
  async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
    const { removeImage } = await import("./remove-image.ts");
    await removeImage(this.#client, id, signal);
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
          hint: "Pull it: --pull missing",
        });
      }
    }
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
