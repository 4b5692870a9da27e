import type { Engine } from "../engine.ts";
import type { Container } from "../resources.ts";
import { findService, type FoundService } from "./find-service.ts";
import { overtakenBy, retryOvertaken } from "./overtaken.ts";
import { assertServiceSpec, decideService, driftOf, findLocalImageId } from "./plan-service.ts";
import { repairService, replaceService } from "./replace.ts";
import type { ServiceOptions, ServiceRequest, ServiceResult } from "./service.ts";
import { startService } from "./start-service.ts";
import type { SurvivalOptions } from "./survive.ts";
import { withoutSecrets } from "./without-secrets.ts";

/**
 * Finds or makes a service, the container `cos-<name>`, and sees that it runs. What was started has to survive its first
 * second, or to become healthy when it has a health check. A service that is not as asked for is never changed silently:
 * it stays, with its drift told, or with `recreate` is replaced by a new one, and put back should that not survive.
 *
 * An image that is here is not pulled again unless the spec says `pull: always`. What is lost with a replaced container
 * are its files outside named volumes and bind mounts.
 *
 * @throws CosError `failed_precondition` when it does not survive, with `details.exitCode` and the end of its log in
 * `details.log`; what was newly made is removed then. `already_exists` when the name is somebody else's or a job's;
 * `conflict` when a port is taken; otherwise as `containers.create`.
 */
export async function ensureService(
  engine: Engine,
  request: ServiceRequest,
  options: ServiceOptions = {},
): Promise<ServiceResult> {
  const name = assertServiceSpec(request.spec);
  const once = async (): Promise<ServiceResult> => {
    const { current } = await findRepaired(engine, name, request, options);
    return current === undefined
      ? { status: "created", container: await make(engine, request, options), drift: [] }
      : await bringAbout(engine, current, request, options);
  };
  return await withoutSecrets(request.spec, request.secrets, () => retryOvertaken(once, options.signal));
}

/**
 * What there is of a service, after what an interrupted replacement left was brought to an end. To be called in
 * {@link retryOvertaken}.
 */
export async function findRepaired(
  engine: Engine,
  name: string,
  { owner }: Pick<ServiceRequest, "owner">,
  options: SurvivalOptions,
): Promise<FoundService> {
  const found = await findService(engine, name, owner, options);
  const repaired = await overtakenBy(["not_found", "already_exists"], () =>
    repairService(engine, name, found, options),
  );
  return repaired ? await findService(engine, name, owner, options) : found;
}

async function make(engine: Engine, request: ServiceRequest, options: ServiceOptions): Promise<Container> {
  const { recreate: _, ...asked } = request;
  const made = await overtakenBy(["already_exists"], () => engine.containers.create(asked, options));
  try {
    return await startService(engine, made, { ...options, secrets: request.secrets });
  } catch (error) {
    await engine.containers.remove(made.id).catch(() => undefined);
    throw error;
  }
}

async function bringAbout(
  engine: Engine,
  current: Container,
  request: ServiceRequest,
  options: ServiceOptions,
): Promise<ServiceResult> {
  const drift = driftOf(current, request.spec, await findImageId(engine, request, options));
  const status = decideService(current, drift, request.recreate);
  switch (status) {
    case "recreated":
      return { status, container: await replaceService(engine, current, request, options), drift };
    case "started": {
      const starting = () => startService(engine, current, { ...options, secrets: request.secrets });
      return { status, container: await overtakenBy(["not_found"], starting), drift };
    }
    default:
      return { status, container: current, drift };
  }
}

/** The image that a new container would have. Only what is to be pulled anew, or built, costs more than a look. */
async function findImageId(
  engine: Engine,
  request: ServiceRequest,
  { signal, progress }: ServiceOptions,
): Promise<string | undefined> {
  const { spec, owner, hostRoots } = request;
  if (spec.env.image !== undefined && spec.pull !== "always") return await findLocalImageId(engine, request, signal);
  return (await engine.images.ensure(spec.env, { pull: spec.pull, owner, hostRoots, signal, progress })).id;
}
