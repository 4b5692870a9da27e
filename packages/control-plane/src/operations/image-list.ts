import * as z from "zod";
import { formatImage, imageSummary, toImageSummary } from "../image-summary.ts";
import { defineOperation } from "../operation.ts";
import { isVisible } from "../summary.ts";

export const imageList = defineOperation({
  name: "image_list",
  title: "List the engine's images",
  description:
    "Lists the images that the engine has, with their tags, sizes and the digests that registries know them by. Managed ones, which cos built, are told apart from other installations' (foreign) and from everything else, pulled ones among them (unmanaged). Agents see their own and unmanaged images. Use it to see what can be run without pulling, and to find the tag or id that image_push and image_remove take; use image_pull or image_build to get one that is missing. It changes nothing and asks no registry.",
  effect: "read",
  input: () =>
    z.strictObject({
      managed: z.boolean().default(false).describe("Only what this installation of cos built."),
    }),
  output: () => z.strictObject({ images: z.array(imageSummary()) }),
  run: async ({ engine, caller, signal }, { managed }) => {
    const images = await engine.images.list({ managed }, { signal });
    return { images: images.filter((image) => isVisible(image, caller)).map(toImageSummary) };
  },
  format: ({ images }) => (images.length === 0 ? "No images." : images.map(formatImage).join("\n")),
});
