import { fullTag, parseImageReference } from "@cos/core";
import * as z from "zod";
import { digestAt, formatImage, imageSummary, toImageSummary, toShortId } from "../image-summary.ts";
import { defineOperation } from "../operation.ts";
import { findTagged } from "../resolve-image.ts";
import { toImage } from "../workload-asks.ts";

export const imagePull = defineOperation({
  name: "image_pull",
  title: "Pull an image from its registry",
  description:
    'Brings an image from its registry onto the engine, or what has changed of it, and answers with its id and digest. Use it to refresh a tag, or to have an image ready before jobs need it; container_run pulls by itself what is missing, and image_build makes images of your own. Without a registry in its name the image comes from Docker Hub, and without a tag it is "latest". The tag moves to what was pulled; what had it before stays on the engine, without it. Credentials are those of the operator\'s Docker configuration.',
  effect: "mutate",
  input: () =>
    z.strictObject({
      image: z
        .string()
        .max(512)
        .refine((text) => parseImageReference(text) !== undefined, {
          error: 'expected a reference like "python:3.12-slim" or "ghcr.io/team/app@sha256:…"; ids cannot be pulled',
        })
        .describe('What to pull, e.g. "python:3.12-slim" or "ghcr.io/team/app@sha256:…".'),
    }),
  output: () =>
    z.strictObject({
      ...imageSummary().shape,
      digest: z.string().optional().describe("What its registry knows it by; it names these contents for ever."),
    }),
  target: (context, { image }) => findTagged(context, image),
  asks: (_, { image }) => toImage(image),
  preview: (_, { image }, target) => ({
    text: `Pull ${fullTag(image)}. ${target === undefined ? "The engine does not have it." : `The engine has ${toShortId(target.id)} under this name, which may lose it.`}`,
    changes: { action: "pull", image: fullTag(image), ...(target === undefined ? {} : { before: target.id }) },
  }),
  run: async ({ engine, progress, signal }, { image }) => {
    const pulled = await engine.images.pull(image, { progress, signal });
    const digest = digestAt(image, pulled);
    return { ...toImageSummary(pulled), ...(digest === undefined ? {} : { digest }) };
  },
  format: ({ digest, ...image }) => `pulled ${formatImage(image)}${digest === undefined ? "" : `\ndigest: ${digest}`}`,
});
