import { CosError, fullTag, imageTag } from "@cos/core";
import * as z from "zod";
import { toShortId } from "../image-summary.ts";
import { defineOperation } from "../operation.ts";
import { resolveImage } from "../resolve-image.ts";
import { toImage } from "../workload-asks.ts";

export const imagePush = defineOperation({
  name: "image_push",
  title: "Push an image to its registry",
  description:
    "Sends what a tag names to the registry in that tag, and answers with the digest that the registry gave it. Use it after image_build, for other machines to pull; the tag itself says where it goes, so build under the tag that is to be pushed. Whoever may read there can then read the image, and what the registry had under the tag loses it. Agents push only what they built by this tag. Layers that the registry has are not sent again. Credentials are those of the operator's Docker configuration.",
  effect: "mutate",
  input: () => z.strictObject({ tag: imageTag.describe('The tag to push, e.g. "ghcr.io/team/app:1.2".') }),
  output: () =>
    z.strictObject({
      tag: z.string().describe("In its full form."),
      id: z.string().describe("The image's id on the engine."),
      digest: z.string().describe("What the registry knows it by; it names these contents for ever."),
      pushedBytes: z.number().describe("Bytes of layers that the registry did not have, uncompressed."),
      durationMs: z.number(),
    }),
  target: async (context, { tag }) => {
    const target = await resolveImage(context, tag);
    if (target.tag !== undefined) return target;
    throw new CosError("not_found", `There is no image with the tag ${JSON.stringify(tag)} on the engine.`, {
      hint: "Build it under the tag that is to be pushed.",
    });
  },
  asks: (_, { tag }) => toImage(tag),
  preview: (_, { tag }, { id, owner, found }) => ({
    text: `Push ${fullTag(tag)} (${toShortId(id)}), ${owner === undefined ? "which cos did not build under this tag" : `owned by ${owner}`}. Whoever may read there can read it from then on.`,
    changes: { action: "push", tag: fullTag(tag), id, sizeBytes: found.sizeBytes },
  }),
  run: async ({ engine, progress, signal }, { tag }, { id }) => {
    const start = performance.now();
    const { digest, pushedBytes } = await engine.images.push(tag, { progress, signal });
    return { tag: fullTag(tag), id, digest, pushedBytes, durationMs: performance.now() - start };
  },
  format: ({ tag, digest, durationMs }) => `pushed ${tag} (${(durationMs / 1000).toFixed(1)}s)\ndigest: ${digest}`,
});
