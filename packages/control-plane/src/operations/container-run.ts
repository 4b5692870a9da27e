import { defineWorkload, jobResult } from "@cos/core";
import { defineOperation } from "../operation.ts";
import { previewRun, toAsks } from "../workload-asks.ts";
import { toWorkload, workloadFields } from "../workload-fields.ts";

export const containerRun = defineOperation({
  name: "container_run",
  title: "Run a job in a container",
  description:
    "Runs a command once in a new container and answers with its exit code and output. Use it for anything that ends by itself: scripts, tests, untrusted programs. Give exactly one source of the image: `image`, `base` with `provision`, or `buildContext`/`inlineDockerfile`. The job is sandboxed: no network unless `network` says so, all capabilities dropped, 2 GB of memory, 2 CPUs, 512 processes; agents' jobs end after 300 s unless `timeoutSeconds` says otherwise. A string `command` is a shell line, a list goes to the image's entrypoint. A non-zero exit code is a result, not an error. Of each output stream the first and last half MiB are kept. The container is removed afterwards.",
  effect: "mutate",
  input: workloadFields,
  output: () => jobResult,
  asks: toAsks,
  preview: previewRun,
  run: ({ engine, caller, progress, output, interaction, signal }, input) =>
    engine.jobs.run(
      { spec: defineWorkload(toWorkload(input, caller)), owner: caller.name, hostRoots: caller.hostRoots },
      { progress, output, interaction, signal },
    ),
  format: ({ exitCode, timedOut, cancelled, hint, stdout, stderr, durations }) =>
    [
      `exit=${exitCode} (${(durations.ranMs / 1000).toFixed(1)}s)${timedOut ? " timed out" : ""}${cancelled ? " cancelled" : ""}`,
      ...(hint === undefined ? [] : [`hint: ${hint}`]),
      ...(stdout === "" ? [] : ["stdout:", stdout.trimEnd()]),
      ...(stderr === "" ? [] : ["stderr:", stderr.trimEnd()]),
    ].join("\n"),
});
