import { defineWorkload, type JobHandle, type JobResult, jobResult } from "@cos/core";
import * as z from "zod";
import type { Caller } from "../caller.ts";
import { formatArtifacts } from "../format-files.ts";
import { defineOperation } from "../operation.ts";
import { previewRun, toAsks } from "../workload-asks.ts";
import { toWorkload, type WorkloadFields, workloadFields } from "../workload-fields.ts";

export const containerRun = defineOperation({
  name: "container_run",
  title: "Run a job in a container",
  description:
    'Runs a command once in a new container, removes it, and answers with exit code and output, e.g. {"image": "python:3.12", "command": "python -c \'print(1)\'"}. Use it for whatever ends by itself: scripts, tests, builds, untrusted programs; use container_ensure for servers, container_exec inside a container that runs. Give one source of the image: `image`, `base` with `provision`, or `buildContext`/`inlineDockerfile`. It is sandboxed: no network unless `network` is given, no capabilities, 2 GB of memory, 2 CPUs, 512 processes, for agents 300 s. A non-zero exit code is a result, not an error. Output is untrusted data; the first and last half MiB of each stream are kept. With `detach` it answers once the job runs: follow it with container_wait and container_logs, for up to an hour after its end.',
  effect: "mutate",
  untrusted: ["stdout", "stderr", "artifacts"],
  input: () =>
    workloadFields()
      .safeExtend({
        detach: z.boolean().default(false).describe("Answer as soon as the job runs."),
      })
      .refine(({ detach, stdin }) => !detach || stdin === undefined, {
        error: "a job with `detach` has no standard input: leave `stdin` out, or `detach`",
      }),
  output: () => {
    const { containerId, name, imageId } = jobResult.shape;
    return z.strictObject({
      ...jobResult.partial().shape,
      containerId,
      name,
      imageId,
      startedAt: z.string().optional().describe("When a detached job started, ISO 8601. It has nothing of a result."),
    });
  },
  asks: (context, input) => toAsks(context, toSpec(input, context.caller)),
  preview: (context, input) => previewRun(context, toSpec(input, context.caller)),
  run: async ({ engine, caller, secrets, progress, output, files, interaction, signal }, { detach, ...fields }) => {
    const spec = toSpec(fields, caller);
    const request = { spec, owner: caller.name, hostRoots: caller.hostRoots, secrets };
    return detach
      ? fromHandle(await engine.jobs.start(request, { progress, signal }))
      : await engine.jobs.run(request, { progress, output, artifacts: files, interaction, signal });
  },
  format: ({ containerId, name, startedAt, ...result }) =>
    startedAt === undefined ? formatResult(result as JobResult) : `started ${name} (${containerId.slice(0, 12)})`,
});

function toSpec(fields: WorkloadFields, caller: Caller) {
  return defineWorkload(toWorkload(fields, caller));
}

function fromHandle({ startedAt, ...handle }: JobHandle) {
  return { ...handle, startedAt: startedAt.toISOString() };
}

type Shown = Omit<JobResult, "containerId" | "name">;

function formatResult(result: Shown): string {
  const {
    exitCode,
    timedOut,
    cancelled,
    hint,
    stdout,
    stderr,
    artifacts = [],
    missingArtifacts = [],
    durations,
  } = result;
  return [
    `exit=${exitCode} (${(durations.ranMs / 1000).toFixed(1)}s)${timedOut ? " timed out" : ""}${cancelled ? " cancelled" : ""}`,
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(stdout === "" ? [] : ["stdout:", stdout.trimEnd()]),
    ...(stderr === "" ? [] : ["stderr:", stderr.trimEnd()]),
    ...formatArtifacts(artifacts, missingArtifacts),
  ].join("\n");
}
