import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import type { CreateOptions } from "../lifecycle.ts";
import type { Container } from "../resources.ts";
import type { SecretSource } from "../secrets.ts";
import type { HealthCheckSpec, WorkloadSpec } from "../spec/workload-spec.ts";
import { assertSurvives } from "./survive.ts";
import { withoutSecrets } from "./without-secrets.ts";

export interface StartServiceOptions extends CreateOptions {
  /** Gives the secrets that are taken out of what a failure shows of the container's log. */
  readonly secrets?: SecretSource | undefined;
}

/**
 * Starts a container that exists, and waits until it has survived its first second, or is healthy when cos gave it a
 * health check. One that runs already is left alone.
 *
 * @returns the container as it is then.
 * @throws CosError `failed_precondition` when it does not survive, as `ensureService`, or is a job, which runs once;
 * otherwise as `containers.start`.
 */
export async function startService(
  engine: Engine,
  container: Container,
  { secrets, signal, progress }: StartServiceOptions = {},
): Promise<Container> {
  if (isUp(container)) return container;
  if (container.ownership.status === "managed" && container.ownership.labels.lifecycle === "ephemeral") {
    throw new CosError("failed_precondition", `${container.name} is a job, which runs once.`, {
      hint: "Run it again.",
    });
  }
  const { variables = {}, files = [], healthCheck } = madeBy(container);
  return await withoutSecrets({ variables, files }, secrets, async () => {
    progress?.({ phase: "start", message: `Starting ${container.name}` });
    await engine.containers.start(container.id, { signal });
    try {
      return await assertSurvives(engine, container.id, { healthCheck, signal });
    } catch (error) {
      // What somebody else made may be there to end, and has then done so well.
      const endedWell = CosError.is(error) && error.details?.["exitCode"] === 0;
      if (container.ownership.status === "managed" || !endedWell) throw error;
      return await engine.containers.get(container.id, { signal });
    }
  });
}

/** Whether a container runs, or is about to by itself. */
export function isUp({ state }: Container): boolean {
  return state === "running" || state === "paused" || state === "restarting";
}

/** The health check that a service was made with. */
export function healthCheckOf(container: Container): HealthCheckSpec | undefined {
  return madeBy(container).healthCheck;
}

/** The spec of a container that cos made, as its signed label tells; nothing of any other. */
function madeBy({ ownership }: Container): Partial<WorkloadSpec> {
  if (ownership.status !== "managed" || ownership.labels.spec === "") return {};
  return JSON.parse(ownership.labels.spec) as Partial<WorkloadSpec>;
}
