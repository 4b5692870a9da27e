import { CosError } from "../errors.ts";
import { engineName, newObjectId, type Signer, specLabel, temporaryName, toLabels } from "../labels.ts";
import type { ContainerRequest } from "../lifecycle.ts";
import { parsePort } from "../spec/ports.ts";
import type { MemoryContainer } from "./memory-containers.ts";
import { createFiles } from "./memory-files.ts";
import { findNetworkOf, type MemoryNetwork } from "./memory-networks.ts";

const firstFreePort = 32_768;

/**
 * The container of a workload, made and not started. Nothing holds it yet.
 *
 * @throws CosError `already_exists` when its name is taken, `not_found` when its network is not its owner's.
 */
export function createContainer(
  request: ContainerRequest,
  image: { readonly id: string; readonly reference: string },
  {
    containers,
    networks,
  }: {
    readonly containers: ReadonlyMap<string, MemoryContainer>;
    readonly networks: Map<string, MemoryNetwork>;
  },
  signer: Signer,
): MemoryContainer {
  const { spec, owner, temporary } = request;
  const cosId = newObjectId();
  const shortName = spec.name ?? `job-${cosId.slice(0, 12)}`;
  const name = temporary === undefined ? engineName(shortName) : temporaryName(shortName, temporary, cosId);
  assertFree(name, containers);
  const network = findNetworkOf({ networks, signer }, request);
  const { lifecycle, ttlSeconds, purpose = "", project = "" } = spec;
  const createdAt = new Date();
  const described = {
    id: cosId,
    owner,
    lifecycle,
    name: shortName,
    purpose,
    project,
    createdAt,
    ttlSeconds,
    image: spec.env.image ?? "",
  };
  return {
    id: newObjectId() + newObjectId(),
    name,
    image: image.reference,
    imageId: image.id,
    state: "created",
    createdAt,
    starts: [],
    networks: [network],
    ports: spec.ports.flatMap((text, index) => {
      const port = parsePort(text);
      if (port === undefined) return [];
      return [{ ...port, hostAddress: "127.0.0.1", hostPort: port.hostPort || firstFreePort + index }];
    }),
    allLabels: { ...spec.labels, ...toLabels("container", { ...described, ...specLabel(spec) }, signer) },
    files: createFiles(),
    volumes: spec.mounts.flatMap((mount) => (mount.type === "volume" ? [engineName(mount.name)] : [])),
  };
}

/** @throws CosError `already_exists` */
export function assertFree(name: string, containers: ReadonlyMap<string, MemoryContainer>): void {
  if (![...containers.values()].some((container) => container.name === name)) return;
  throw new CosError("already_exists", `There is a container ${name} already.`, { hint: "Choose another name." });
}
