import { type Container, CosError, type Engine } from "@cos/core";
import { concurrently } from "../concurrently.ts";
import { type EngineObjects, type GcRequest, mayBeOver } from "./plan.ts";

/** How many questions the engine gets at a time. */
const questionsAtOnce = 8;

/** What the engine has, with what a plan needs to know of it. */
export async function lookAround(engine: Engine, request: GcRequest, signal: AbortSignal): Promise<EngineObjects> {
  const [containers, images, networks] = await Promise.all([
    // One list of all takes the engine less than measuring only those that may go in a second one.
    engine.containers.list({}, { signal, sizes: true }),
    engine.images.list({ managed: true }, { signal, sizes: true }),
    engine.networks.list({ managed: true }, { signal }),
  ]);
  const looked = await concurrently(containers, questionsAtOnce, async (container) => {
    // Lists do not say when a container ended; without a grace it does not matter.
    if (request.graceSeconds === 0 || !mayBeOver(container, request)) return container;
    return { ...(await find(engine, container, signal)), sizeBytes: container.sizeBytes };
  });
  return { containers: looked, images, networks };
}

async function find(engine: Engine, listed: Container, signal: AbortSignal): Promise<Container> {
  try {
    return await engine.containers.get(listed.id, { signal });
  } catch (error) {
    if (CosError.is(error) && error.code === "not_found") return listed;
    throw error;
  }
}
