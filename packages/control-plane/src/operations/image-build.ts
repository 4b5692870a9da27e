import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { CosError, envSpec, fullTag, imageTag, workloadInput } from "@cos/core";
import * as z from "zod";
import { buildFields, toEnvironment } from "../environment-fields.ts";
import { formatImage, imageSummary, toImageSummary, toShortId } from "../image-summary.ts";
import { once } from "../once.ts";
import { defineOperation, type OperationContext } from "../operation.ts";
import { findTagged } from "../resolve-image.ts";
import { toImage } from "../workload-asks.ts";

const fields = once(() => {
  const { shape } = workloadInput;
  return z.strictObject({
    tag: imageTag.describe("Its name, e.g. app:1, or with the registry to push it to."),
    ...buildFields(),
    labels: shape.labels,
    project: shape.project,
    purpose: shape.purpose,
    pull: shape.pull.describe("When to pull the images it starts from."),
  });
});

const input = once(() =>
  fields().superRefine((value, context) => {
    if (context.issues.length > 0) return;
    const { base, provision, buildContext, dockerfile, inlineDockerfile, buildArguments, buildTarget } = value;
    const sources = [
      base ?? provision,
      buildContext ?? dockerfile ?? inlineDockerfile ?? buildArguments ?? buildTarget,
    ];
    if (sources.filter((source) => source !== undefined).length !== 1) {
      const message = "give one source: `buildContext` or `inlineDockerfile`, or `base` with `provision`";
      context.addIssue({ code: "custom", message });
      return;
    }
    const parsed = envSpec.safeParse(toEnvironment(value));
    for (const { message } of parsed.error?.issues ?? []) context.addIssue({ code: "custom", message });
  }),
);

type Input = z.output<ReturnType<typeof fields>>;

export const imageBuild = defineOperation({
  name: "image_build",
  title: "Build an image and name it",
  description:
    "Builds an image under a `tag` that later container_run and container_ensure calls can use. Use it when several calls need the image; a single job can build with the same fields of container_run. Give one source: a `buildContext` directory, with its Dockerfile or an `inlineDockerfile`; an `inlineDockerfile` alone; or a `base` with `provision`. Content built before is found again (`cached`). Steps run with network, 2 GB of memory and 2 CPUs, for 30 minutes at most. A tag on another image moves only if you built that one under it; else the build is refused.",
  effect: "mutate",
  input,
  output: () =>
    z.strictObject({
      ...imageSummary().shape,
      tag: z.string().describe("The tag it was built under, in its full form."),
      cached: z.boolean().describe("Whether the same content was there, so that nothing was built."),
      durationMs: z.number(),
    }),
  target: findReplaced,
  asks: async (_, { base, buildContext }) => ({
    ...toImage(base),
    builds: true,
    hostPaths: buildContext === undefined ? [] : [await toRealPath(buildContext)],
  }),
  preview: async (_, { tag, base, buildContext }, target) => {
    const path = buildContext === undefined ? undefined : await toRealPath(buildContext);
    const from = path === undefined ? (base ?? "a Dockerfile") : `${JSON.stringify(path)} of this machine`;
    return {
      text: `Build ${fullTag(tag)} from ${from}. Its steps run with network.${target === undefined ? "" : ` It takes the tag from ${toShortId(target.id)}.`}`,
      changes: { action: "build", tag: fullTag(tag), ...(target === undefined ? {} : { replaces: target.id }) },
    };
  },
  run: async ({ engine, caller, progress, signal }, fields) => {
    const { tag, labels, project, purpose, pull } = fields;
    const start = performance.now();
    const { image, cached } = await engine.images.build(
      { env: toEnvironment(fields), tag, owner: caller.name, labels, project, purpose },
      { hostRoots: caller.hostRoots, pull, progress, signal },
    );
    return { ...toImageSummary(image), tag: fullTag(tag), cached, durationMs: performance.now() - start };
  },
  format: ({ tag: _tag, cached, durationMs, ...image }) =>
    `${cached ? "found" : "built"} ${formatImage(image)} (${(durationMs / 1000).toFixed(1)}s)`,
});

/** What has the tag now, if the caller built that under it. */
async function findReplaced(context: OperationContext, { tag }: Input) {
  const target = await findTagged(context, tag);
  if (target === undefined || target.owner === context.caller.name) return target;
  throw new CosError("already_exists", `The tag ${tag} is on an image that was not built for it here, or not by you.`, {
    hint: "Choose another tag, or remove this one first if nobody needs it.",
  });
}

async function toRealPath(path: string): Promise<string> {
  return await realpath(path).catch(() => resolve(path));
}
