import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { engineName, temporaryName } from "../labels.ts";
import type { CreateOptions } from "../lifecycle.ts";
import type { Container } from "../resources.ts";
import { assertService, type FoundService } from "./find-service.ts";
import type { ServiceRequest } from "./service.ts";
import { healthCheckOf, isUp } from "./start-service.ts";
import { assertSurvives, type SurvivalOptions } from "./survive.ts";

/**
 * Puts a new container in the place of a service's. The new one is made and checked beside the old one, which is stopped
 * and set aside only then. If the new one does not survive, it goes, and the old one is put back and runs again if it ran.
 * Whatever interrupts this, {@link repairService} brings it to an end.
 *
 * @returns the new container.
 */
export async function replaceService(
  engine: Engine,
  current: Container,
  request: ServiceRequest,
  options: CreateOptions & SurvivalOptions,
): Promise<Container> {
  const { signal, progress } = options;
  const { name, id: cosId } = assertService(current);
  const ran = isUp(current);
  const next = await engine.containers.create({ ...request, temporary: "next" }, { signal, progress });
  // From here on nothing is broken off half-way; only waiting for the new one is.
  try {
    signal?.throwIfAborted();
    progress?.({ phase: "start", message: `Replacing ${engineName(name)}` });
    await engine.containers.stop(current.id);
    await engine.containers.rename(current.id, temporaryName(name, "previous", cosId));
    await engine.containers.rename(next.id, engineName(name));
    await engine.containers.start(next.id);
    const replaced = await assertSurvives(engine, next.id, { ...options, healthCheck: request.spec.healthCheck });
    // Should this fail, the next repair does it: the new one has proved itself, so it must not give way any more.
    await engine.containers.remove(current.id).catch(() => undefined);
    return replaced;
  } catch (error) {
    const failure = CosError.from(error);
    const back = await putBack(engine, name, current, next, ran).catch((cause: unknown) => CosError.from(cause));
    throw new CosError(failure.code, failure.message, {
      details: failure.details,
      cause: error,
      hint:
        back === undefined
          ? `The old container is back${ran ? " and runs again" : ""}. ${failure.hint ?? ""}`.trimEnd()
          : `Putting the old container back failed, too: ${back.message} Ensure the service again to repair it.`,
    });
  }
}

async function putBack(
  engine: Engine,
  name: string,
  old: Container,
  next: Container,
  ran: boolean,
): Promise<undefined> {
  await engine.containers.remove(next.id);
  await engine.containers.rename(old.id, engineName(name));
  if (ran) await engine.containers.start(old.id);
}

/**
 * Brings to an end what an interrupted replacement has left: what was made and never used goes; where the old one is
 * without a successor, it is put back and runs; where both are there, the new one has to prove itself before the old one
 * goes, and gives way to it otherwise.
 *
 * @returns whether anything was changed.
 */
export async function repairService(
  engine: Engine,
  name: string,
  { current, next, previous }: FoundService,
  options: SurvivalOptions,
): Promise<boolean> {
  if (next.length + previous.length === 0) return false;
  for (const { id } of next) await engine.containers.remove(id);
  const [latest, ...others] = previous;
  if (latest === undefined) {
    // Its successor was made, so it may have been stopped to make room.
    if (current !== undefined) await engine.containers.start(current.id);
    return true;
  }
  const isProven =
    current !== undefined && (current.state === "paused" || (await provesItself(engine, current, options)));
  if (!isProven) {
    if (current !== undefined) await engine.containers.remove(current.id);
    await engine.containers.rename(latest.id, engineName(name));
    await engine.containers.start(latest.id);
  }
  for (const { id } of isProven ? previous : others) await engine.containers.remove(id);
  return true;
}

async function provesItself(engine: Engine, container: Container, options: SurvivalOptions): Promise<boolean> {
  try {
    await engine.containers.start(container.id);
    await assertSurvives(engine, container.id, { ...options, healthCheck: healthCheckOf(container) });
    return true;
  } catch (error) {
    if (CosError.is(error) && (error.code === "failed_precondition" || error.code === "conflict")) return false;
    throw error;
  }
}
