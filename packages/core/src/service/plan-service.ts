import type { CallOptions } from "../call-options.ts";
import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { engineName } from "../labels.ts";
import type { Container } from "../resources.ts";
import type { WorkloadSpec } from "../spec/workload-spec.ts";
import { findDrift, type ServiceDrift } from "./drift.ts";
import { assertService, findService } from "./find-service.ts";
import { isUp } from "./start-service.ts";
import type { ServicePlan, ServiceRequest, ServiceStatus } from "./service.ts";

/**
 * What {@link ensureService} would do now. Only reads: of an image that would have to be built or pulled, it cannot tell
 * whether it is another one.
 *
 * @throws CosError `already_exists` when the name belongs to somebody else or to a job; `invalid_argument`
 */
export async function planService(
  engine: Engine,
  request: ServiceRequest,
  { signal }: CallOptions = {},
): Promise<ServicePlan> {
  const name = assertServiceSpec(request.spec);
  const { current, next, previous } = await findService(engine, name, request.owner, { signal });
  const container = current ?? previous[0];
  const imageId = await findLocalImageId(engine, request, signal);
  const drift = container === undefined ? [] : driftOf(container, request.spec, imageId);
  return {
    status: decideService(container, drift, request.recreate),
    container,
    drift,
    repairs: next.length + previous.length > 0,
  };
}

/** What is to become of a service. Pure. */
export function decideService(
  container: Container | undefined,
  drift: readonly ServiceDrift[],
  recreate = false,
): ServiceStatus {
  if (container === undefined) return "created";
  if (drift.length > 0) return recreate ? "recreated" : "drifted";
  return isUp(container) ? "unchanged" : "started";
}

/** In what a service's container is not as asked for, by what its labels say. */
export function driftOf(container: Container, spec: WorkloadSpec, imageId: string | undefined): ServiceDrift[] {
  const labels = assertService(container);
  return findDrift({ spec: labels.spec, imageId: container.imageId }, { spec, imageId });
}

/** The image that a reference names on the engine now; undefined when it names none, or has to be built. */
export async function findLocalImageId(
  engine: Engine,
  { spec, owner }: ServiceRequest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { image } = spec.env;
  if (image === undefined) return undefined;
  try {
    return (await engine.images.ensure({ image }, { pull: "never", owner, signal })).id;
  } catch (error) {
    if (CosError.is(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

/** The name of a service. @throws CosError `invalid_argument` for a job. */
export function assertServiceSpec({ lifecycle, name }: WorkloadSpec): string {
  if (lifecycle === "persistent" && name !== undefined) return name;
  throw new CosError("invalid_argument", "This is a job, not a service.", {
    hint: `Use lifecycle persistent and a name; its container is then called ${engineName("<name>")}.`,
  });
}
