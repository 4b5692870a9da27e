import { defineWorkload, type JobHandle, type JobResult, jobResult } from "@cos/core";
import * as z from "zod";
import type { Caller } from "../caller.ts";
import { defineOperation } from "../operation.ts";
import { previewRun, toAsks } from "../workload-asks.ts";
import { toWorkload, type WorkloadFields, workloadFields } from "../workload-fields.ts";

export const containerRun = defineOperation({
  name: "container_run",
  title: "Run a job in a container",
  description:
    "Runs a command once in a new container and answers with its exit code and output. Use it for anything that ends by itself: scripts, tests, untrusted programs. Give exactly one source of the image: `image`, `base` with `provision`, or `buildContext`/`inlineDockerfile`. The job is sandboxed: no network unless `network` says so, all capabilities dropped, 2 GB of memory, 2 CPUs, 512 processes; agents' jobs end after 300 s unless `timeoutSeconds` says otherwise. A string `command` is a shell line, a list goes to the image's entrypoint. A non-zero exit code is a result, not an error. Of each output stream the first and last half MiB are kept. Small `files` are there when it starts, and `artifacts` are brought along when it ends, however it ends. The container is removed afterwards. With `detach` the answer comes as soon as the job runs, with its container; the job then outlives cos, container_logs reads its output, and container and log stay until an hour after its end.",
  effect: "mutate",
  input: () =>
    workloadFields()
      .safeExtend({
        detach: z.boolean().default(false).describe("Answer as soon as the job runs, and leave it to itself."),
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

function formatResult({ exitCode, timedOut, cancelled, hint, stdout, stderr, durations }: Shown): string {
  return [
    `exit=${exitCode} (${(durations.ranMs / 1000).toFixed(1)}s)${timedOut ? " timed out" : ""}${cancelled ? " cancelled" : ""}`,
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(stdout === "" ? [] : ["stdout:", stdout.trimEnd()]),
    ...(stderr === "" ? [] : ["stderr:", stderr.trimEnd()]),
  ].join("\n");
}
