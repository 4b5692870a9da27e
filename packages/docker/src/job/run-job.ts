import { constants } from "node:os";
import {
  assertIsJob,
  assertOneInput,
  collectArtifacts,
  CosError,
  type Interaction,
  type JobOptions,
  type JobRequest,
  type JobResult,
  type Secrets,
  textsWithSecrets,
  withSecrets,
} from "@cos/core";
import { readFiles } from "../archive/read-files.ts";
import {
  createContainer,
  type CreateContext,
  type CreatedContainer,
  resolveBinds,
  withoutDoubt,
} from "../containers/create.ts";
import type { Removals } from "../containers/removals.ts";
import type { ContainerEvents } from "../events.ts";
import { converse } from "../interaction/conversation.ts";
import { detachKeys, toInteraction } from "../interaction/input.ts";
import type { Images } from "../images/images.ts";
import { hijack, type HijackedStream } from "../transport/hijack.ts";
import { type Completion, type CompletionWatch, watchCompletion } from "./completion.ts";
import { toHint } from "./hint.ts";
import { JobOutput } from "./job-output.ts";
import { startCommand } from "./start-command.ts";
import type { DetachedJobs } from "./start-job.ts";
import type { StartQueue } from "./start-queue.ts";
import { type Stopping, stopWhenDue } from "./stopping.ts";

/** How long the engine may be silent before it sends the rest of the output of a container that ended, in milliseconds. */
const outputGraceMs = 5_000;

export interface JobContext extends CreateContext {
  readonly images: Images;
  readonly events: ContainerEvents;
  readonly removals: Removals;
  readonly queue: StartQueue;
  readonly detached: DetachedJobs;
}

/**
 * Runs a job by the shortest sequence that loses nothing: create, then attach, both watches and the check of what was
 * built side by side, then start; the result is there with the end of output and the first news of the exit.
 */
export async function runJob(context: JobContext, request: JobRequest, options: JobOptions): Promise<JobResult> {
  assertIsJob(request.spec);
  return await withSecrets(textsWithSecrets(request.spec), request.secrets, (secrets) =>
    runWithSecrets(context, request, secrets, options),
  );
}

async function runWithSecrets(
  context: JobContext,
  request: JobRequest,
  secrets: Secrets,
  options: JobOptions,
): Promise<JobResult> {
  const { spec, owner, hostRoots = [] } = request;
  const { signal, progress, interaction } = options;
  assertOneInput(spec, interaction);
  const clock = stopwatch();
  // Refused here before anything is pulled; resolved again when the container is created.
  await resolveBinds(spec, hostRoots, context.facts);
  const image = await context.images.ensure(spec.env, { pull: spec.pull, owner, hostRoots, signal, progress });
  const pulledMs = clock.lap();
  const leave = await context.queue.enter(signal);
  const queuedMs = clock.lap();
  let container: CreatedContainer | undefined;
  try {
    progress?.({ phase: "create", message: "Creating the container" });
    const talks = interaction && (interaction.terminal === undefined ? "stream" : "terminal");
    const asked = { spec, secrets, owner, hostRoots, image, attached: true, interaction: talks } as const;
    container = await createContainer(context, asked, signal);
    const output = new JobOutput(request.outputBytes, options.output, {
      form: talks === "terminal" ? "terminal" : "frames",
      redaction: secrets.redaction,
    });
    const streams = {
      ...(spec.stdin === undefined && talks === undefined ? {} : { stdin: true }),
      ...(talks === "terminal" ? { detachKeys } : {}),
    };
    const prepared = await prepare(context, container, output, streams, signal);
    try {
      const createdMs = clock.lap();
      progress?.({ phase: "start", message: `Starting ${container.name}` });
      const run = await startAndFollow(context, container, prepared, { spec, output, interaction, signal, leave });
      await output.end();
      const [stdout, stderr] = [output.stdout.text(), output.stderr.text()];
      const hint = run.hint ?? toHint(spec, { ...run, stderr });
      const ranMs = clock.lap();
      const left = await readArtifacts(context, container, { spec, secrets, run, options });
      return {
        containerId: container.id,
        name: container.name,
        imageId: image.id,
        exitCode: run.exitCode,
        ...signalOf(run.exitCode),
        stdout,
        stderr,
        stdoutCutBytes: output.stdout.cutBytes,
        stderrCutBytes: output.stderr.cutBytes,
        timedOut: run.timedOut,
        oomKilled: run.oomKilled,
        cancelled: run.cancelled,
        outputLost: run.outputLost || !output.intact,
        ...left,
        ...(hint === undefined ? {} : { hint: secrets.redaction?.text(hint) ?? hint }),
        durations: { queuedMs, pulledMs, createdMs, ranMs },
      };
    } finally {
      prepared.watch.stop();
      prepared.stream.destroy();
    }
  } finally {
    leave();
    if (container !== undefined) context.removals.start(container.id);
  }
}

interface Ended {
  readonly spec: JobRequest["spec"];
  readonly secrets: Secrets;
  readonly run: Run;
  readonly options: JobOptions;
}

/** What the job left, also when it failed or was killed at its timeout. Who cancelled it waits for nothing more. */
async function readArtifacts({ client }: JobContext, { id }: CreatedContainer, { spec, secrets, run, options }: Ended) {
  const { artifacts } = spec;
  if (artifacts.length === 0) return {};
  if (run.cancelled) return { artifacts: [], missingArtifacts: artifacts };
  const { artifacts: sink, signal } = options;
  const { redaction } = secrets;
  return await collectArtifacts(artifacts, (path) => readFiles(client, id, path, { signal }), { sink, redaction });
}

interface Prepared {
  readonly stream: HijackedStream;
  readonly watch: CompletionWatch;
}

async function prepare(
  { client, events }: JobContext,
  container: CreatedContainer,
  output: JobOutput,
  streams: { readonly stdin?: boolean; readonly detachKeys?: string },
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  let opened: HijackedStream | undefined;
  const resume = () => opened?.resume();
  const attaching = hijack(
    client,
    ["containers", container.id, "attach"],
    { stream: true, stdout: true, stderr: true, ...streams },
    (chunk) => output.take(chunk, resume),
    signal,
  ).then((stream) => (opened = stream));
  const watching = watchCompletion(client, events, container.id, signal);
  const [attached, watched, verified] = await Promise.allSettled([attaching, watching, container.verify(signal)]);
  if (
    attached.status === "fulfilled" &&
    watched.status === "fulfilled" &&
    verified.status === "fulfilled" &&
    signal?.aborted !== true
  ) {
    return { stream: attached.value, watch: watched.value };
  }
  if (attached.status === "fulfilled") attached.value.destroy();
  if (watched.status === "fulfilled") watched.value.stop();
  const failed = [verified, attached, watched].find((step) => step.status === "rejected");
  if (failed === undefined || signal?.aborted === true)
    throw new CosError("cancelled", "The job was cancelled before it started.");
  throw withoutDoubt(failed.reason);
}

interface Run extends Completion {
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  readonly outputLost: boolean;
  readonly hint?: string;
}

interface Following {
  readonly spec: JobRequest["spec"];
  readonly output: JobOutput;
  readonly interaction: Interaction | undefined;
  readonly signal: AbortSignal | undefined;
  /** Gives the place in the queue back. */
  readonly leave: () => void;
}

async function startAndFollow(
  { client }: JobContext,
  { id }: CreatedContainer,
  { stream, watch }: Prepared,
  { spec, output, interaction, signal, leave }: Following,
): Promise<Run> {
  const outputEnded = stream.ended.then(
    () => true,
    () => false,
  );
  const said = toInteraction(spec, interaction);
  const conversation = said && converse(client, ["containers", id], said);
  let stopping: Stopping | undefined;
  try {
    const failedStart = await startCommand(
      client,
      id,
      () => output.reads > 0,
      () => conversation?.starting(),
    );
    leave();
    if (failedStart !== undefined) {
      const { exitCode, hint } = failedStart;
      return { exitCode, hint, oomKilled: false, lost: false, timedOut: false, cancelled: false, outputLost: false };
    }
    stopping = stopWhenDue(client, id, spec.timeoutSeconds, conversation?.failedOr(signal) ?? signal);
    conversation?.started(stream);
    const completion = await watch.completed(stopping.notRunning);
    const reason = stopping.reason();
    if (reason === "cancel") conversation?.failed.throwIfAborted();
    stopping.done();
    const outputComplete = await restOfOutput(outputEnded, output);
    return {
      ...completion,
      timedOut: reason === "timeout",
      cancelled: reason === "cancel",
      outputLost: completion.lost || !outputComplete,
    };
  } finally {
    stopping?.done();
    conversation?.stop();
  }
}

/**
 * Whether the output ends properly. The engine holds what a slow sink has not taken yet, so only time in which the
 * sink waits for the engine counts.
 */
async function restOfOutput(ended: Promise<boolean>, output: JobOutput): Promise<boolean> {
  for (;;) {
    const { reads } = output;
    const end = await Promise.race([ended, after(outputGraceMs, undefined)]);
    if (end !== undefined) return end;
    if (output.blocked) await output.drained();
    else if (output.reads === reads) return false;
  }
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

function signalOf(exitCode: number): { signal?: string } {
  const name = exitCode > 128 ? signalNames.get(exitCode - 128) : undefined;
  return name === undefined ? {} : { signal: name };
}

function after<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, value).unref();
  });
}

function stopwatch(): { lap(): number } {
  // The global `performance` would load a module of Node's that nothing else here needs.
  let last = process.hrtime.bigint();
  return {
    lap() {
      const now = process.hrtime.bigint();
      const passed = Number(now - last) / 1e6;
      last = now;
      return Math.round(passed * 10) / 10;
    },
  };
}
