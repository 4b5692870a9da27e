import { randomBytes } from "node:crypto";
import {
  assertOneInput,
  CosError,
  defineExec,
  type ExecOptions,
  type ExecRequest,
  type ExecResult,
  type ExecSpec,
  type Secrets,
  textsOfExec,
  withSecrets,
} from "@cos/core";
import { assertFullId, inspectContainer } from "../containers/inspect.ts";
import { converse } from "../interaction/conversation.ts";
import { toInteraction } from "../interaction/input.ts";
import { JobOutput } from "../job/job-output.ts";
import type { HijackedStream } from "../transport/hijack.ts";
import { engineMessage } from "../transport/refusal.ts";
import { brokenExitCode, type EndedExec, execEnd } from "./exec-state.ts";
import { type ExecEnding, followExec } from "./follow.ts";
import { killCommand, type KillContext, type KillReport } from "./kill-command.ts";
import { createExec, doesNotRun, startExec } from "./start-exec.ts";
import { startStopClock, type StopReason } from "./stop-clock.ts";

/** How long the engine may need to say how a killed command ended, and for the rest of its output. Milliseconds. */
const afterKillMs = { end: 5_000, endUnproved: 500, output: 1_000 };

/** Most containers that are remembered. */
const mostInits = 1_000;

export interface ExecContext extends KillContext {
  /** Whether containers have an init, by id, as far as it is known. */
  readonly inits: Map<string, boolean>;
}

/**
 * Runs a command in a container: looks at the container, creates, starts, and follows to the end. Where the container
 * has an init, the command runs below one of its own, so that nothing it starts can leave its tree.
 */
export async function runExec(
  context: ExecContext,
  containerId: string,
  request: ExecRequest,
  options: ExecOptions,
): Promise<ExecResult> {
  const spec = defineExec(request);
  assertOneInput(spec, options.interaction);
  return await withSecrets(textsOfExec(request), request.secrets, (secrets) =>
    runWithSecrets(context, containerId, { spec, secrets }, options),
  );
}

async function runWithSecrets(
  context: ExecContext,
  containerId: string,
  { spec, secrets }: { readonly spec: ExecSpec; readonly secrets: Secrets },
  options: ExecOptions,
): Promise<ExecResult> {
  const { client } = context;
  const { interaction } = options;
  const terminal = interaction?.terminal !== undefined;
  assertFullId(containerId);
  const hasInit = context.inits.get(containerId) ?? (await lookForInit(context, containerId, options.signal));
  const mark = { marker: randomBytes(16).toString("hex"), hasInit };
  const output = new JobOutput(spec.outputBytes, options.output, {
    form: terminal ? "terminal" : "frames",
    redaction: secrets.redaction,
  });
  const variables = secrets.valuesOf(spec.variables);
  const execId = await createExec(client, containerId, { ...spec, variables }, mark, interaction, options.signal);
  if (options.signal?.aborted === true) throw new CosError("cancelled", "The command was cancelled before it started.");
  const startedAt = process.hrtime.bigint();
  const said = toInteraction(spec, interaction);
  const conversation = said && converse(client, ["exec", execId], said);
  const clock = startStopClock(spec.timeoutSeconds, conversation?.failedOr(options.signal) ?? options.signal);
  const over = new AbortController();
  let stream: HijackedStream | undefined;
  try {
    stream = await startExec(client, execId, { output, terminal }, clock.signal);
    conversation?.starting();
    if (stream !== undefined) conversation?.started(stream);
    const following = followExec(client, execId, { stream, output, signal: over.signal });
    following.catch(() => undefined);
    const first = await Promise.race([following, clock.reason]);
    const ending =
      typeof first === "object"
        ? { ended: first, lost: first.lost }
        : await end(first, {
            following,
            ended: () => execEnd(client, execId, over.signal),
            kill: () => killCommand(context, containerId, mark),
          });
    if (ending.reason === "cancel") conversation?.failed.throwIfAborted();
    if (ending.ended?.ran === false) throw notStarted(output.stdout.text());
    stream?.destroy();
    await (ending.kill === undefined ? output.end() : Promise.race([output.end(), after(afterKillMs.output)]));
    const hint = toHint(ending, spec.timeoutSeconds);
    return {
      ...(ending.ended === undefined ? {} : { exitCode: ending.ended.exitCode }),
      stdout: output.stdout.text(),
      stderr: output.stderr.text(),
      stdoutCutBytes: output.stdout.cutBytes,
      stderrCutBytes: output.stderr.cutBytes,
      timedOut: ending.reason === "timeout",
      cancelled: ending.reason === "cancel",
      ...(ending.kill === undefined ? {} : { killed: ending.kill.proved }),
      ...(ending.kill?.survivors === undefined ? {} : { survivors: ending.kill.survivors }),
      ...(hint === undefined ? {} : { hint }),
      outputLost: stream === undefined || ending.lost || (ending.kill === undefined && !output.intact),
      ranMs: Number(process.hrtime.bigint() - startedAt) / 1e6,
    };
  } finally {
    over.abort();
    clock.stop();
    conversation?.stop();
    stream?.destroy();
  }
}

/**
 * Whether a container has an init. That never changes, so it is asked once. Engines put none into containers that share
 * their processes, whatever was asked for.
 */
async function lookForInit(
  { client, facts, inits }: ExecContext,
  id: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { State, HostConfig } = await inspectContainer(client, id, signal);
  if (!State.Running || State.Paused === true) throw doesNotRun();
  const hasInit = facts.dockerInit && HostConfig.Init === true && (HostConfig.PidMode ?? "") === "";
  if (inits.size >= mostInits) inits.clear();
  inits.set(id, hasInit);
  return hasInit;
}

interface Ending {
  /** Undefined when it may still run. */
  readonly ended: EndedExec | undefined;
  readonly lost: boolean;
  readonly reason?: StopReason;
  readonly kill?: KillReport;
}

interface Deeds {
  readonly following: Promise<ExecEnding>;
  readonly ended: () => Promise<EndedExec>;
  readonly kill: () => Promise<KillReport>;
}

/** Kills a command whose time is over. One that has ended by itself just before counts as ended. */
async function end(reason: StopReason, { following, ended, kill }: Deeds): Promise<Ending> {
  const report = await kill();
  const said = await within(report.proved ? afterKillMs.end : afterKillMs.endUnproved, ended());
  const how = said?.exitCode === brokenExitCode ? undefined : said;
  const followed = report.proved || how !== undefined ? await within(afterKillMs.output, following) : undefined;
  const lost = followed?.lost ?? false;
  if (how !== undefined && report.nothingFound) return { ended: how, lost };
  return { ended: how, lost, reason, kill: report };
}

function toHint({ reason, kill }: Ending, timeoutSeconds: number | undefined): string | undefined {
  if (kill?.hint !== undefined) return kill.hint;
  if (reason !== "timeout") return undefined;
  return `It was killed after ${timeoutSeconds} s; raise timeoutSeconds if it needs longer.`;
}

/** The engine could not make a process of the command. What it says then stands where output would. */
function notStarted(said: string): CosError {
  return new CosError("failed_precondition", `The command could not be started: ${engineMessage(said)}`, {
    hint: "Its program, its working directory and its user have to be there in the container.",
  });
}

/** What a promise resolves with in this many milliseconds; undefined when it does not. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return await Promise.race([promise.catch(() => undefined), after(ms)]);
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, undefined).unref();
  });
}
