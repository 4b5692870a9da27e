import {
  type BuildSpec,
  CosError,
  digestOf,
  fullTag,
  type ImageBuildRequest,
  type ImageOptions,
  isImageId,
  parseImageReference,
  type Signer,
} from "@cos/core";
import type { ImageBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { BuildCache, type BuildPlan, type Built } from "./build-cache.ts";
import { BuildContext } from "./context.ts";
import { readStages } from "./dockerfile.ts";
import { toDockerfile } from "./provision.ts";

type EnsureBase = (name: string, options: ImageOptions) => Promise<ImageBody>;

/** Images that are built here: planned from what they are made of, and built when no equal one is there. */
export class Builds {
  readonly #signer: Signer;
  readonly #built: BuildCache;
  readonly #ensureBase: EnsureBase;

  /** @param ensureBase finds or pulls the images that builds start from. */
  constructor(client: EngineClient, signer: Signer, ensureBase: EnsureBase) {
    this.#signer = signer;
    this.#built = new BuildCache(client, signer);
    this.#ensureBase = ensureBase;
  }

  /** The image of a build context or an inline Dockerfile. @throws CosError as `Images.ensure` does. */
  async ensureBuilt(build: BuildSpec, options: ImageOptions): Promise<ImageBody> {
    return (await this.#built.ensure(await this.#planBuild(build, options), options)).body;
  }

  /** The image of a base and the steps that prepare it. @throws CosError as `Images.ensure` does. */
  async ensureProvisioned(base: string, provision: readonly string[], options: ImageOptions): Promise<ImageBody> {
    return (await this.#built.ensure(await this.#planProvision(base, provision, options), options)).body;
  }

  /** An image of its own for a name, found or built; it has yet to get that name. @throws CosError as `Images.build` does. */
  async ensureNamed(request: ImageBuildRequest, options: ImageOptions): Promise<Built> {
    const { env, owner, labels = {}, project = "", purpose = "" } = request;
    const plan =
      env.build === undefined
        ? await this.#planProvision(env.base ?? "", env.provision ?? [], options)
        : await this.#planBuild(env.build, options);
    const described = { lifecycle: "persistent", image: fullTag(request.tag), project, purpose } as const;
    const digest = digestOf({ content: plan.digest, owner, labels, ...described });
    return await this.#built.ensure({ ...plan, repository: "image", digest, described, labels }, options);
  }

  async #planBuild(build: BuildSpec, options: ImageOptions): Promise<BuildPlan> {
    const { signal, progress, pull } = options;
    const { target, arguments: args = {} } = build;
    const context = await BuildContext.open(build, options.hostRoots ?? [], signal);
    const { text: dockerfile, bases, unknown } = readStages(context.dockerfile, args, target);
    const [undecided] = unknown;
    if (pull === "never" && undecided !== undefined) {
      throw new CosError(
        "failed_precondition",
        `Only the builder can tell what ${JSON.stringify(undecided)} is, and it would pull it.`,
        {
          hint: "Write the base image out in the Dockerfile, or let it be pulled (pull: missing).",
        },
      );
    }
    const ids: Record<string, string> = {};
    for (const base of bases) {
      const known = isImageId(base) || parseImageReference(base) !== undefined;
      if (known) ids[base] = (await this.#ensureBase(base, options)).Id;
    }
    progress?.({ phase: "build", message: "Reading the build context" });
    const filesDigest = await context.digest(signal);
    const refresh = pull === "always" && undecided !== undefined;
    const digest = digestOf({
      instance: this.#signer.instance,
      filesDigest,
      dockerfile,
      arguments: args,
      target,
      bases: ids,
    });
    return {
      repository: "build",
      digest,
      described: { lifecycle: "ephemeral", image: "", project: "", purpose: "" },
      labels: {},
      context,
      filesDigest,
      dockerfile,
      arguments: args,
      target,
      refresh,
    };
  }

  async #planProvision(base: string, provision: readonly string[], options: ImageOptions): Promise<BuildPlan> {
    const { Id, Config } = await this.#ensureBase(base, options);
    if ((Config?.OnBuild ?? []).length > 0) {
      throw new CosError(
        "failed_precondition",
        `${base} has instructions of its own for images built on it (ONBUILD).`,
        {
          hint: "Use another base, or build with a Dockerfile of your own.",
        },
      );
    }
    const dockerfile = toDockerfile({ base: Id, provision });
    const context = BuildContext.inline(dockerfile);
    const filesDigest = await context.digest(options.signal);
    const digest = digestOf({ instance: this.#signer.instance, base: Id, provision });
    return {
      repository: "cache",
      digest,
      described: { lifecycle: "ephemeral", image: base, project: "", purpose: "" },
      labels: {},
      context,
      filesDigest,
      dockerfile,
      arguments: {},
      target: undefined,
      refresh: false,
    };
  }
}
