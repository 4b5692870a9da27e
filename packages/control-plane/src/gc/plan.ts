import {
  type Container,
  engineName,
  type Image,
  isOnNetwork,
  type Network,
  ownerOfTag,
  type Ownership,
} from "@cos/core";

/**
 * How long a container that was never started is left alone whatever the grace, in milliseconds: whoever made it may be
 * about to start it.
 */
const youngMs = 60_000;

/** What an engine has. Containers that ended have `finishedAt`, as far as it matters, and images have `use`. */
export interface EngineObjects {
  readonly containers: readonly Container[];
  readonly images: readonly Image[];
  readonly networks: readonly Network[];
}

export interface GcRequest {
  readonly now: Date;
  /** How long something has to be unused, in seconds. */
  readonly graceSeconds: number;
  /** Whose objects; everybody's of this installation unless set. */
  readonly owner?: string | undefined;
  /** Whether images that were built to be used again go too: those built by name, and those of build contexts. */
  readonly builtImages?: boolean | undefined;
}

/** Something that nobody uses any more. */
export interface Leftover {
  readonly kind: "container" | "image" | "network";
  readonly id: string;
  /** Its name on the engine. */
  readonly name: string;
  readonly owner: string;
  /** Bytes that become free with it. */
  readonly sizeBytes: number;
}

/**
 * What can be removed, in the order in which to remove it. Containers that are in the plan use nothing any more; all others
 * do, in any state and whoever made them. Pure.
 */
export function planGc({ containers, images, networks }: EngineObjects, request: GcRequest): Leftover[] {
  const isMine = ({ ownership }: { readonly ownership: Ownership }) =>
    ownership.status === "managed" && (request.owner === undefined || ownership.labels.owner === request.owner);
  const removable = containers.filter((container) => isMine(container) && isOver(container, request));
  const gone = new Set(removable.map(({ id }) => id));
  const staying = containers.filter(({ id }) => !gone.has(id));
  const used = new Set(staying.map(({ imageId }) => imageId));

  const unused = images.filter((image) => isMine(image) && isUnusedImage(image, request) && !used.has(image.id));
  const empty = networks.filter(
    (network) =>
      isMine(network) &&
      isPast(madeAt(network), request.graceSeconds * 1000, request.now) &&
      !staying.some((container) => isOnNetwork(container, network)),
  );
  return [
    ...removable.map((container) => toLeftover("container", container, container.name, container.sizeBytes)),
    ...unused.map((image) => toLeftover("image", image, nameOf(image), image.use?.ownBytes)),
    ...empty.map((network) => toLeftover("network", network, network.name)),
  ];
}

/** Whether a container's own labels allow that it is over, so that it is worth asking the engine when it ended. */
export function mayBeOver(container: Container, { now, graceSeconds }: GcRequest): boolean {
  return (
    (container.state === "exited" || container.state === "dead") && isPast(madeAt(container), graceSeconds * 1000, now)
  );
}

function isOver(container: Container, { now, graceSeconds }: GcRequest): boolean {
  const { state, name, ownership, finishedAt } = container;
  // What a service is replaced by, or was, is for the reaper to judge.
  if (ownership.status !== "managed" || name !== engineName(ownership.labels.name)) return false;
  const graceMs = graceSeconds * 1000;
  if (state === "created") return isPast(madeAt(container), Math.max(graceMs, youngMs), now);
  if (state !== "exited" && state !== "dead") return false;
  return graceSeconds === 0 || isPast(finishedAt, graceMs, now);
}

/**
 * An image on which nothing else is built, and that nobody else has tagged: one of base and provision, one that was built
 * by name and has lost that name to a newer build, or where these are asked for any that was built here.
 */
function isUnusedImage(image: Image, { now, graceSeconds, builtImages = false }: GcRequest): boolean {
  const { ownership, tags, use } = image;
  if (ownership.status !== "managed") return false;
  const { name } = ownership.labels;
  const isLeftOver = /^(?:cache|image):/.test(name) && tags.length === 1 && tags[0] === engineName(name);
  const isWanted = builtImages && tags.every((tag) => ownerOfTag(image, tag) !== undefined);
  return (isLeftOver || isWanted) && use?.isBase === false && isPast(madeAt(image), graceSeconds * 1000, now);
}

/** What people call an image: the name that it was built by, before the tag of its content. */
function nameOf({ id, tags, ownership }: Image): string {
  const own = ownership.status === "managed" ? engineName(ownership.labels.name) : "";
  return tags.find((tag) => tag !== own) ?? tags[0] ?? id;
}

/** When an object was made, by its signed labels. */
function madeAt({ ownership }: { readonly ownership: Ownership }): Date | undefined {
  return ownership.status === "managed" ? ownership.labels.createdAt : undefined;
}

/** A time that is not known, or makes no sense, is not past. */
function isPast(time: Date | undefined, graceMs: number, now: Date): boolean {
  return time !== undefined && time.getTime() + graceMs <= now.getTime();
}

function toLeftover(
  kind: Leftover["kind"],
  { id, ownership }: { readonly id: string; readonly ownership: Ownership },
  name: string,
  sizeBytes = 0,
): Leftover {
  return { kind, id, name, owner: ownership.status === "managed" ? ownership.labels.owner : "", sizeBytes };
}
