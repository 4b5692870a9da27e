import { CosError, type ExecSpec, type Interaction } from "@cos/core";
import { noSuchContainer } from "../containers/inspect.ts";
import { detachKeys } from "../interaction/input.ts";
import type { JobOutput } from "../job/job-output.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { hijack, type HijackedStream } from "../transport/hijack.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { assertExecStarted } from "./exec-state.ts";

/** The variable by which the processes of a command are known. */
const markerVariable = "COS_EXEC_ID";
/** Docker's own init, which it mounts into containers that ask for one. It adopts what its descendants leave behind. */
const init = ["/sbin/docker-init", "-s", "-g", "--"];

/** How a command is known in its container. */
export interface ExecMark {
  /** Random; every process of the command carries it, unless it takes it off. */
  readonly marker: string;
  /** Whether the container has an init, and the command runs below one of its own. */
  readonly hasInit: boolean;
}

/** Makes a command known to the engine, which does not run it yet. Resolves with its id. */
export async function createExec(
  client: EngineClient,
  containerId: string,
  spec: ExecSpec,
  { marker, hasInit }: ExecMark,
  interaction: Interaction | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const command = typeof spec.command === "string" ? ["/bin/sh", "-c", spec.command] : spec.command;
  const variables = { ...spec.variables, [markerVariable]: marker };
  const body = {
    Cmd: [...(hasInit ? init : []), ...command],
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    AttachStdin: spec.stdin !== undefined || interaction !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    ...(interaction?.terminal === undefined ? { Tty: false } : { Tty: true, DetachKeys: detachKeys }),
    Privileged: false,
    ...(spec.workingDir === undefined ? {} : { WorkingDir: spec.workingDir }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
  };
  try {
    return (await client.call<{ Id: string }>("POST", ["containers", containerId, "exec"], { body, signal })).Id;
  } catch (error) {
    if (refusalStatus(error) === 404) throw noSuchContainer(containerId);
    if (refusalStatus(error) === 409) throw doesNotRun(error);
    if (!CosError.is(error) || error.details?.["unknown"] !== true) throw error;
    // Whatever became of the request, it is known that the command has not run.
    throw new CosError(error.code, error.message, { hint: error.hint, cause: error });
  }
}

/**
 * Starts a command. Undefined when the start was not answered and the command runs all the same.
 *
 * @throws CosError `failed_precondition` when the engine refuses; `unavailable` with `details.unknown`
 */
export async function startExec(
  client: EngineClient,
  execId: string,
  { output, terminal }: { readonly output: JobOutput; readonly terminal: boolean },
  signal: AbortSignal | undefined,
): Promise<HijackedStream | undefined> {
  let opened: HijackedStream | undefined;
  const onRead = (chunk: Buffer) => output.take(chunk, () => opened?.resume());
  try {
    opened = await hijack(client, ["exec", execId, "start"], {}, onRead, signal, { Detach: false, Tty: terminal });
  } catch (error) {
    const status = refusalStatus(error);
    if (status === 409) throw doesNotRun(error);
    if (status !== undefined && CosError.is(error)) {
      throw new CosError("failed_precondition", `The command could not be started. ${error.message}`, { cause: error });
    }
    await assertExecStarted(client, execId, error);
    return undefined;
  }
  return opened;
}

/** What can be said when an engine takes no command for a container. */
export function doesNotRun(cause?: unknown): CosError {
  return new CosError("failed_precondition", "The container does not run, so no command can be run in it.", {
    hint: "Start it first, or let it go on if it is paused.",
    cause,
  });
}
