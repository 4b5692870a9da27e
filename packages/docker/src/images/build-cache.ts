import {
  CosError,
  engineName,
  fromLabels,
  type ImageOptions,
  type ManagedLabels,
  newObjectId,
  type Signer,
  toLabels,
} from "@cos/core";
import type { ImageBody } from "../api.ts";
import { withDeadline } from "../dockerode.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { buildImage, type BuildRequest } from "./build.ts";
import { toLabelInstruction } from "./dockerfile.ts";
import { findImage } from "./find-image.ts";
import { removeImage } from "./remove-image.ts";

/** What a build makes, known before it runs. */
export interface BuildPlan extends Pick<
  BuildRequest,
  "context" | "filesDigest" | "dockerfile" | "arguments" | "target" | "refresh"
> {
  readonly repository: "build" | "cache" | "image";
  /** What the result depends on; equal plans have equal results. */
  readonly digest: string;
  /** What the image's labels say beside what this cache knows by itself. */
  readonly described: Pick<ManagedLabels, "lifecycle" | "image" | "project" | "purpose">;
  /** The caller's own labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What a plan led to. */
export interface Built {
  readonly body: ImageBody;
  /** Whether it was there. */
  readonly cached: boolean;
}

/**
 * Images that cos has built, tagged by the digest of what they are made from: `cos-build:…` for builds, `cos-cache:…`
 * for provisioned bases, `cos-image:…` for what was built by name.
 */
export class BuildCache {
  readonly #client: EngineClient;
  readonly #signer: Signer;
  /** Builds under way by tag. */
  readonly #building = new Map<string, Promise<unknown>>();

  constructor(client: EngineClient, signer: Signer) {
    this.#client = client;
    this.#signer = signer;
  }

  /**
   * The image of a plan, built unless the engine has it. Equal plans wait for each other instead of building twice.
   *
   * @throws CosError as `Images.ensure`
   */
  async ensure(plan: BuildPlan, options: ImageOptions): Promise<Built> {
    const name = `${plan.repository}:${plan.digest.slice(0, 32)}`;
    const tag = engineName(name);
    for (let other = this.#building.get(tag); other !== undefined; other = this.#building.get(tag)) {
      await withDeadline({ what: "The build", signal: options.signal }, () => other);
    }
    const work = this.#findOrBuild(plan, name, tag, options);
    const settled = work.then(
      () => this.#building.delete(tag),
      () => this.#building.delete(tag),
    );
    this.#building.set(tag, settled);
    return await work;
  }

  async #findOrBuild(plan: BuildPlan, name: string, tag: string, options: ImageOptions): Promise<Built> {
    const { owner, signal, progress } = options;
    const cached = await findImage(this.#client, tag, signal);
    if (cached !== undefined) {
      const ours = this.#isOurs(cached, tag);
      if (ours && !plan.refresh) return { body: cached, cached: true };
      if (!ours)
        throw new CosError("conflict", `The engine has an image ${tag} that cos did not build.`, {
          hint: `Remove it if nobody needs it: docker image rm ${tag}`,
        });
    }
    const labels = toLabels(
      "image",
      {
        id: newObjectId(),
        ...plan.described,
        owner,
        name,
        createdAt: new Date(),
        ttlSeconds: undefined,
        spec: "",
        specDigest: plan.digest,
      },
      this.#signer,
    );
    progress?.({ phase: "build", message: `Building ${tag}` });
    const dockerfile = `${plan.dockerfile}\n${toLabelInstruction({ ...plan.labels, ...labels }, plan.dockerfile)}`;
    const id = await buildImage(this.#client, { ...plan, dockerfile, tag, signal, progress });
    const built = await findImage(this.#client, id ?? tag, signal);
    if (built !== undefined && this.#isOurs(built, tag)) return { body: built, cached: false };
    if (built === undefined)
      throw new CosError("internal", "The engine does not have the image that it has built.", { details: { tag } });
    await removeImage(this.#client, built.Id, { force: true });
    const foreign = Object.keys(built.Config?.Labels ?? {}).filter(
      (label) => label.startsWith("cos.") && !(label in labels),
    );
    throw new CosError("failed_precondition", "The image that was built cannot be recognised as cos's own.", {
      hint:
        foreign.length === 0
          ? "The Dockerfile ends in the middle of an instruction; complete its last line."
          : 'The Dockerfile or its base image sets labels that begin with "cos."; they are reserved.',
      details: { foreign },
    });
  }

  #isOurs(image: ImageBody, tag: string): boolean {
    return fromLabels("image", tag, image.Config?.Labels ?? {}, this.#signer).status === "managed";
  }
}
