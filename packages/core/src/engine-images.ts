import type { CallOptions, ListOptions } from "./call-options.ts";
import type {
  ImageBuildOptions,
  ImageBuildRequest,
  ImageBuildResult,
  ImagePushResult,
  TransferOptions,
} from "./image.ts";
import type { ProgressSink } from "./job.ts";
import type { Image } from "./resources.ts";
import type { EnvSpec } from "./spec/environment.ts";

export interface ImageRemoveOptions extends CallOptions {
  /** Whether neither several tags nor stopped containers keep it; true unless set. */
  readonly force?: boolean | undefined;
}

export interface ImageOptions extends CallOptions {
  readonly pull?: "missing" | "always" | "never" | undefined;
  readonly progress?: ProgressSink | undefined;
  /** Directories below which build contexts must lie. Default: none. */
  readonly hostRoots?: readonly string[] | undefined;
  readonly owner: string;
}

/** What an engine does with images. */
export interface EngineImages {
  /** The image of an environment: found, pulled, or built. */
  ensure(env: EnvSpec, options: ImageOptions): Promise<Image>;
  /** The image that is here under exactly this reference or full id, or undefined. @throws CosError `invalid_argument` */
  find(name: string, options?: CallOptions): Promise<Image | undefined>;
  /**
   * Brings an image, or what has changed of it, from its registry. The tag moves to it.
   *
   * @throws CosError `not_found`, `denied` (the registry), `unsupported` (not for this platform), `unavailable`,
   * `invalid_argument` (an id), `deadline_exceeded`, `cancelled`
   */
  pull(reference: string, options?: TransferOptions): Promise<Image>;
  /**
   * Builds an image, or finds the one of the same content, and gives it its tag. A tag that is on another image moves
   * only if this owner had that image built for it.
   *
   * @throws CosError `already_exists` when the tag is somebody else's; as `ensure`; `unsupported`
   */
  build(request: ImageBuildRequest, options?: ImageBuildOptions): Promise<ImageBuildResult>;
  /**
   * Sends what this tag names to its registry. When it fails halfway the registry may keep layers, but not the tag.
   *
   * @throws CosError `not_found` (no such tag here, or the registry has no such place), `denied` (the registry),
   * `unavailable`, `invalid_argument`, `deadline_exceeded`, `cancelled`
   */
  push(tag: string, options?: TransferOptions): Promise<ImagePushResult>;
  /**
   * Takes a tag away, and with its last tag the image. Succeeds when it is already gone.
   *
   * @throws CosError `conflict` when it is the last one and a container, also one that does not run, uses the image.
   */
  removeTag(tag: string, options?: CallOptions): Promise<void>;
  /** Images, built and pulled ones. `managed: true` leaves out what does not carry this installation's signature. */
  list(filter?: { readonly managed?: boolean }, options?: ListOptions): Promise<Image[]>;
  /**
   * Removes the image with this full id. Succeeds when it is already gone.
   *
   * @throws CosError `conflict` when a running container or another image needs it; without `force` also when it has
   * several tags, or a container that does not run was made from it.
   */
  remove(id: string, options?: ImageRemoveOptions): Promise<void>;
}
