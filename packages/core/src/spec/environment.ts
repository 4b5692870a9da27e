import * as z from "zod";
import { imageName } from "./image-reference.ts";
import { hostPath } from "./paths.ts";
import { variableName, withoutNul } from "./names.ts";

const buildSpec = z
  .strictObject({
    context: hostPath.optional().describe("Directory to build from; .dockerignore counts."),
    dockerfile: z
      .string()
      .max(4096)
      .regex(/^(?!\/)[^\u0000-\u001f\u007f]+$/, { error: "expected a path relative to the context" })
      .refine((path) => !path.split("/").includes(".."), { error: "must stay inside the context" })
      .optional()
      .describe("Path in the context; default Dockerfile."),
    inline: withoutNul(65_536).min(1).optional().describe("Text of a Dockerfile."),
    arguments: z.record(variableName, withoutNul(4096)).optional().describe("They show in the image's history."),
    target: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/)
      .optional()
      .describe("Stage to build."),
  })
  .refine((build) => build.context !== undefined || build.inline !== undefined, {
    error: "give a context, an inline Dockerfile, or both",
  })
  .refine((build) => build.dockerfile === undefined || (build.inline === undefined && build.context !== undefined), {
    error: "dockerfile names a file of the context, so it needs one and excludes inline",
  });

/** How to get the image of a workload: pull it, build it, or provision a base image. */
export const envSpec = z
  .strictObject({
    image: imageName.optional().describe("Image to use, e.g. python:3.12."),
    build: buildSpec.optional().describe("Build the image from a context or an inline Dockerfile."),
    base: imageName.optional().describe("Image to start from; needs `provision`."),
    provision: z
      .array(withoutNul(16_384).min(1))
      .min(1)
      .max(64)
      .optional()
      .describe("Shell commands that prepare `base`; cached."),
  })
  .refine((env) => [env.image, env.build, env.base].filter((part) => part !== undefined).length === 1, {
    error: "give exactly one of image, build, or base with provision",
  })
  .refine((env) => (env.base === undefined) === (env.provision === undefined), {
    error: "base and provision go together",
  });

export type EnvSpec = z.output<typeof envSpec>;
export type BuildSpec = z.output<typeof buildSpec>;
