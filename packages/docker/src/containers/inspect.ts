import { CosError } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";

/**
 * Looks at one container.
 *
 * @throws CosError `not_found`; `invalid_argument` for anything but a full id.
 */
export async function inspectContainer(client: EngineClient, id: string, signal?: AbortSignal): Promise<ContainerBody> {
  assertFullId(id);
  try {
    return await client.call<ContainerBody>("GET", ["containers", id, "json"], { signal });
  } catch (error) {
    throw refusalStatus(error) === 404 ? noSuchContainer(id) : error;
  }
}

/**
 * Refuses names and short ids, by which engines would find whatever has them at that moment.
 *
 * @throws CosError `invalid_argument`
 */
export function assertFullId(id: string): void {
  if (/^[0-9a-f]{64}$/.test(id)) return;
  throw new CosError("invalid_argument", "Containers are addressed by their full id.", {
    hint: "Expected 64 hex digits.",
  });
}

export function noSuchContainer(id: string): CosError {
  return new CosError("not_found", `There is no container ${id}.`, {
    hint: "List the containers, stopped ones included.",
  });
}
