import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import {
  CosError,
  findSecretNames,
  formatImageReference,
  parseByteSize,
  parseImageReference,
  textsWithSecrets,
  type WorkloadSpec,
} from "@cos/core";
import type { Asks } from "@cos/policy";
import type { OperationContext, Preview } from "./operation.ts";

/** Stands for the registry of images that are named by their id: those are on the engine already. */
const localRegistry = "local";

/**
 * What a workload asks for, with host paths and networks as they are now.
 *
 * @param owner whose its networks are; the caller unless set.
 * @throws CosError `not_found` when the network is not one of the owner's.
 */
export async function toAsks(context: OperationContext, spec: WorkloadSpec, owner?: string): Promise<Asks> {
  const { network, ports, mounts, profile, limits, env } = spec;
  const sources = [
    ...mounts.flatMap((mount) => (mount.type === "bind" ? [mount.source] : [])),
    ...(env.build?.context === undefined ? [] : [env.build.context]),
  ];
  return {
    network,
    egress: await hasEgress(context, network, owner ?? context.caller.name),
    hostPaths: await Promise.all(sources.map((path) => realpath(path).catch(() => resolve(path)))),
    ports,
    volumes: mounts.flatMap((mount) => (mount.type === "volume" ? [mount.name] : [])),
    profile,
    ...toImage(env.image ?? env.base),
    builds: (env.base ?? env.build) !== undefined,
    secrets: secretsOf(spec).length > 0,
    cpus: limits.cpus,
    memoryBytes: limits.memory === undefined ? undefined : parseByteSize(limits.memory),
    pids: limits.pids,
  };
}

/** What a workload asks for, in words and as the data of a preview. */
export interface DescribedAsks {
  /** The image that it would be made from. */
  readonly from: string;
  /** How it leaves the sandbox, as a sentence. */
  readonly sandbox: string;
  readonly changes: Readonly<Record<string, unknown>>;
}

export async function describeAsks(context: OperationContext, spec: WorkloadSpec): Promise<DescribedAsks> {
  const asks = await toAsks(context, spec);
  const image = asks.image ?? "a Dockerfile";
  const imageId = spec.env.image === undefined ? undefined : await findImageId(context, spec.env.image);
  const leaves = toWaysOut(asks, spec);
  return {
    from: `${image}${imageId === undefined ? "" : ` (${imageId.slice(7, 19)})`}`,
    sandbox: leaves.length === 0 ? "It stays in the sandbox." : `It leaves the sandbox: ${leaves.join("; ")}.`,
    changes: {
      image: asks.image,
      imageId,
      leavesSandbox: leaves,
      ...(secretsOf(spec).length === 0 ? {} : { secrets: secretsOf(spec) }),
      mounts: spec.mounts,
      user: spec.user,
    },
  };
}

/** What a job would do, and how it leaves the sandbox. */
export async function previewRun(context: OperationContext, spec: WorkloadSpec): Promise<Preview> {
  const { from, sandbox, changes } = await describeAsks(context, spec);
  return { text: `Run a job from ${from}. ${sandbox}`, changes: { action: "run", ...changes } };
}

/** The names of the secrets that would get into the container. */
function secretsOf(spec: WorkloadSpec): readonly string[] {
  return findSecretNames(textsWithSecrets(spec));
}

async function hasEgress({ engine, signal }: OperationContext, name: string, owner: string): Promise<boolean> {
  if (name === "none" || name === "bridge") return name === "bridge";
  const { internal, ownership } = await engine.networks.get(name, { signal });
  if (ownership.status === "managed" && ownership.labels.owner === owner) return !internal;
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

function toWaysOut(asks: Asks, spec: WorkloadSpec): string[] {
  const writable = spec.mounts.filter((mount) => mount.type === "bind" && mount.readOnly === false).length;
  return [
    ...(asks.egress === true ? [`it reaches other machines through the network ${asks.network}`] : []),
    ...(asks.ports ?? []).map((port) => `it publishes the port ${port}`),
    ...(asks.hostPaths ?? []).map((path) => `it uses ${JSON.stringify(path)} of this machine`),
    ...(writable === 0 ? [] : ["it can write to what it mounts from this machine"]),
    ...secretsOf(spec).map((name) => `it uses the secret ${name}`),
    ...(asks.builds === true ? ["it builds an image, with network"] : []),
    ...(asks.registry === undefined || asks.registry === "docker.io" || asks.registry === localRegistry
      ? []
      : [`its image comes from ${asks.registry}`]),
  ];
}
