import {
  assertDetachable,
  CosError,
  type JobHandle,
  type JobRequest,
  type Secrets,
  type StartOptions,
  textsWithSecrets,
  withSecrets,
} from "@cos/core";
import type { ContainerBody } from "../api.ts";
import { createContainer, type CreatedContainer, resolveBinds } from "../containers/create.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import type { JobContext } from "./run-job.ts";
import { startCommand } from "./start-command.ts";
import { callAfter, killUntilEnded } from "./stopping.ts";

/**
 * Starts a job that nobody waits for. Its container keeps a log and stays. What does not start is removed.
 *
 * @throws CosError `failed_precondition` also when its command cannot be started.
 */
export async function startJob(context: JobContext, request: JobRequest, options: StartOptions): Promise<JobHandle> {
  assertDetachable(request.spec);
  return await withSecrets(textsWithSecrets(request.spec), request.secrets, (secrets) =>
    startWithSecrets(context, request, secrets, options),
  );
}

async function startWithSecrets(
  context: JobContext,
  request: JobRequest,
  secrets: Secrets,
  options: StartOptions,
): Promise<JobHandle> {
  const { spec, owner, hostRoots = [] } = request;
  const { signal, progress } = options;
  await resolveBinds(spec, hostRoots, context.facts);
  const image = await context.images.ensure(spec.env, { pull: spec.pull, owner, hostRoots, signal, progress });
  const leave = await context.queue.enter(signal);
  let container: CreatedContainer | undefined;
  try {
    progress?.({ phase: "create", message: "Creating the container" });
    container = await createContainer(context, { spec, secrets, owner, hostRoots, image, attached: false }, signal);
    await container.verify(signal);
    progress?.({ phase: "start", message: `Starting ${container.name}` });
    if (signal?.aborted === true) throw new CosError("cancelled", "The job was cancelled before it started.");
    const failed = await startCommand(context.client, container.id, () => false);
    if (failed !== undefined) {
      throw new CosError("failed_precondition", failed.hint, { hint: "Check that the image has the program." });
    }
  } catch (error) {
    if (container !== undefined) context.removals.start(container.id);
    throw error;
  } finally {
    leave();
  }
  context.detached.watch(container.id, spec.timeoutSeconds);
  return {
    containerId: container.id,
    name: container.name,
    imageId: image.id,
    startedAt: await startTime(context.client, container.id, signal),
  };
}

/** When the engine says that it started. A job that runs is not given up because nobody could ask, so then it is now. */
async function startTime(client: EngineClient, id: string, signal: AbortSignal | undefined): Promise<Date> {
  try {
    const { State } = await client.call<ContainerBody>("GET", ["containers", id, "json"], { signal });
    return new Date(State.StartedAt);
  } catch {
    return new Date();
  }
}

/** Kills detached jobs at their timeout as long as this process lives and is connected. It keeps no process alive. */
export class DetachedJobs {
  readonly #client: EngineClient;
  readonly #timers = new Set<() => void>();
  #closed = false;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  watch(id: string, timeoutSeconds: number | undefined): void {
    if (timeoutSeconds === undefined || this.#closed) return;
    const clear = callAfter(
      timeoutSeconds * 1000,
      () => {
        this.#timers.delete(clear);
        void killUntilEnded(this.#client, id, () => this.#closed);
      },
      { keepsAlive: false },
    );
    this.#timers.add(clear);
  }

  close(): void {
    this.#closed = true;
    for (const clear of this.#timers) clear();
    this.#timers.clear();
  }
}
