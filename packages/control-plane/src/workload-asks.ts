import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import {
  CosError,
  findSecretNames,
  formatImageReference,
  parseByteSize,
  parseImageReference,
  textsWithSecrets,
} from "@cos/core";
import type { Asks } from "@cos/policy";
import type { OperationContext, Preview } from "./operation.ts";
import type { WorkloadFields } from "./workload-fields.ts";

/** Stands for the registry of images that are named by their id: those are on the engine already. */
const localRegistry = "local";

/**
 * What a workload asks for, with host paths and networks as they are now.
 *
 * @throws CosError `not_found` when the network is not one of the caller's.
 */
export async function toAsks(context: OperationContext, fields: WorkloadFields): Promise<Asks> {
  const { publish, mounts, profile, cpus, memory, pids, base, buildContext, inlineDockerfile, dockerfile } = fields;
  const network = networkOf(fields);
  const sources = [
    ...mounts.flatMap((mount) => (mount.type === "bind" ? [mount.source] : [])),
    ...(buildContext === undefined ? [] : [buildContext]),
  ];
  return {
    network,
    egress: await hasEgress(context, network),
    hostPaths: await Promise.all(sources.map((path) => realpath(path).catch(() => resolve(path)))),
    ports: publish,
    volumes: mounts.flatMap((mount) => (mount.type === "volume" ? [mount.name] : [])),
    profile: profile ?? "sandbox",
    ...toImage(fields.image ?? base),
    builds: (base ?? buildContext ?? inlineDockerfile ?? dockerfile) !== undefined,
    secrets: secretsOf(fields).length > 0,
    cpus,
    memoryBytes: memory === undefined ? undefined : parseByteSize(memory),
    pids,
  };
}

/** What a workload would do, and how it leaves the sandbox. */
export async function previewRun(context: OperationContext, fields: WorkloadFields): Promise<Preview> {
  const asks = await toAsks(context, fields);
  const image = asks.image ?? "a Dockerfile";
  const imageId = fields.image === undefined ? undefined : await findImageId(context, fields.image);
  const leaves = toWaysOut(asks, fields);
  return {
    text: `Run a job from ${image}${imageId === undefined ? "" : ` (${imageId.slice(7, 19)})`}. ${
      leaves.length === 0 ? "It stays in the sandbox." : `It leaves the sandbox: ${leaves.join("; ")}.`
    }`,
    changes: {
      action: "run",
      image: asks.image,
      imageId,
      leavesSandbox: leaves,
      ...(secretsOf(fields).length === 0 ? {} : { secrets: secretsOf(fields) }),
      mounts: fields.mounts,
      user: fields.user,
    },
  };
}

/** The names of the secrets that would get into the container. */
function secretsOf({ env, files }: WorkloadFields): readonly string[] {
  return findSecretNames(textsWithSecrets({ variables: env, files }));
}

function networkOf({ network, publish }: WorkloadFields): string {
  return network ?? (publish.length > 0 ? "bridge" : "none");
}

async function hasEgress({ engine, caller, signal }: OperationContext, name: string): Promise<boolean> {
  if (name === "none" || name === "bridge") return name === "bridge";
  const { internal, ownership } = await engine.networks.get(name, { signal });
  if (ownership.status === "managed" && ownership.labels.owner === caller.name) return !internal;
  throw new CosError("not_found", `There is no managed network ${JSON.stringify(name)} of yours.`, {
    hint: "Make one with network_create, or use none or bridge.",
  });
}

/** An image that is asked for, with the registry that it comes from. */
export function toImage(name: string | undefined): Pick<Asks, "image" | "registry"> {
  if (name === undefined) return {};
  const reference = parseImageReference(name);
  if (reference === undefined) return { image: name, registry: localRegistry };
  return { image: formatImageReference(reference), registry: reference.domain };
}

/** The image that a reference names on the engine now; undefined when it must be pulled. */
async function findImageId({ engine, caller, signal }: OperationContext, image: string): Promise<string | undefined> {
  try {
    return (await engine.images.ensure({ image }, { pull: "never", owner: caller.name, signal })).id;
  } catch (error) {
    if (CosError.is(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

function toWaysOut(asks: Asks, fields: WorkloadFields): string[] {
  const { mounts } = fields;
  const writable = mounts.filter((mount) => mount.type === "bind" && mount.readOnly === false).length;
  return [
    ...(asks.egress === true ? [`it reaches other machines through the network ${asks.network}`] : []),
    ...(asks.ports ?? []).map((port) => `it publishes the port ${port}`),
    ...(asks.hostPaths ?? []).map((path) => `it uses ${JSON.stringify(path)} of this machine`),
    ...(writable === 0 ? [] : ["it can write to what it mounts from this machine"]),
    ...secretsOf(fields).map((name) => `it uses the secret ${name}`),
    ...(asks.builds === true ? ["it builds an image, with network"] : []),
    ...(asks.registry === undefined || asks.registry === "docker.io" || asks.registry === localRegistry
      ? []
      : [`its image comes from ${asks.registry}`]),
  ];
}
