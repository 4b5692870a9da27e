import { CosError, type Image, ownerOfTag } from "@cos/core";
import * as z from "zod";
import { toShortId } from "../image-summary.ts";
import { defineOperation, type OperationContext } from "../operation.ts";
import { type ImageTarget, imageReference, resolveImage } from "../resolve-image.ts";
import { isVisible } from "../summary.ts";

export const imageRemove = defineOperation({
  name: "image_remove",
  title: "Remove an image or a tag",
  description:
    "Takes a tag away, and removes the image for good when that was its last one; of an image with several tags only the named one goes. Named by its id, the image goes with all its tags, those excepted that somebody else put on an image of yours. Use it for single images; gc removes all that cos built and nothing uses. It is refused while any container, also one that does not run, was made from the image: remove that first with container_rm. Layers that other images share stay. A removed image has to be pulled or built again.",
  effect: "destroy",
  input: () => z.strictObject({ image: imageReference() }),
  output: () =>
    z.strictObject({
      id: z.string(),
      untagged: z.array(z.string()).describe("The tags that were taken away."),
      removed: z.boolean().describe("Whether the image itself went, and not only a tag."),
    }),
  target: (context, { image }) => resolveImage(context, image),
  preview: (_, _input, target) => {
    const { id, owner, found } = target;
    const { tags, whole } = planRemoval(target);
    const what = whole ? `Remove image ${toShortId(id)}` : `Take tags from image ${toShortId(id)}, which stays`;
    const whose = owner === undefined ? `${found.ownership.status}, not made by cos here` : `owned by ${owner}`;
    return {
      text: `${what}: ${tags.length === 0 ? "it has no tags" : tags.join(", ")}; ${whose}.`,
      changes: { action: "remove", id, tags, whole },
    };
  },
  run: async (context, _, target) => {
    const { engine, signal } = context;
    const { tags, whole } = planRemoval(target);
    if (whole) await assertUnused(context, target);
    for (const tag of tags) await engine.images.removeTag(tag, { signal });
    if (whole && tags.length === 0) await engine.images.remove(target.id, { force: false, signal });
    const left = whole ? await engine.images.find(target.id, { signal }) : target.found;
    return { id: target.id, untagged: tags, removed: left === undefined };
  },
  format: ({ id, untagged, removed }) =>
    [...untagged.map((tag) => `untagged ${tag}`), ...(removed ? [`removed ${toShortId(id)}`] : [])].join("\n") ||
    `kept ${toShortId(id)}, which other images are built on`,
});

/** The tags that go, names before the tag of the content; and whether none is left then. */
function planRemoval({ found, tag }: ImageTarget): { readonly tags: string[]; readonly whole: boolean } {
  const isOwn = (name: string) => ownerOfTag(found, name) !== undefined;
  const all = [...found.tags].toSorted((a, b) => Number(isContentTag(found, a)) - Number(isContentTag(found, b)));
  const own = all.filter(isOwn);
  // The tags that cos gave an image are one name for it.
  const named = tag === undefined ? (own.length > 0 ? own : all) : isOwn(tag) ? own : [tag];
  return { tags: named, whole: named.length === all.length };
}

function isContentTag({ ownership }: Image, tag: string): boolean {
  return ownership.status === "managed" && tag === `cos-${ownership.labels.name}`;
}

/** @throws CosError `conflict` that names the containers which the caller may know of. */
async function assertUnused({ engine, caller, signal }: OperationContext, { id, name }: ImageTarget): Promise<void> {
  const users = (await engine.containers.list({}, { signal })).filter(({ imageId }) => imageId === id);
  if (users.length === 0) return;
  const known = users.filter((container) => isVisible(container, caller)).map((container) => container.name);
  const hidden = users.length - known.length;
  const who = [...known, ...(hidden === 0 ? [] : [`${hidden} of others`])].join(", ");
  throw new CosError("conflict", `Containers use the image ${name}: ${who}.`, {
    hint: "Remove them first, stopped ones too.",
    details: { containers: known },
  });
}
