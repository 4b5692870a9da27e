import {
  CosError,
  engineName,
  type ManagedLabels,
  newObjectId,
  type Secrets,
  type Signer,
  specLabel,
  temporaryName,
  toLabels,
  type WorkloadSpec,
} from "@cos/core";
import type { ContainerBody } from "../api.ts";
import { writeJobFiles } from "../archive/job-files.ts";
import { assertBuiltAsAsked, compile, type Compiled } from "../compile/compile.ts";
import type { CompileInput, ResolvedBind } from "../compile/plan.ts";
import type { EngineFacts } from "../facts.ts";
import { assertNotTheEngines, resolveHostPath } from "../host-paths.ts";
import type { ResolvedImage } from "../images/image.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { resolveNetwork } from "../networks/resolve-network.ts";
import type { Volumes } from "../volumes.ts";
import type { Removals } from "./removals.ts";

/**
 * How long a job's container may outlive the job's own timeout before anybody may remove it, in seconds: one that nobody
 * waits for has its log read later.
 */
const graceAfterTimeoutSeconds = { attached: 60, detached: 3600 } as const;

/** What creating a container takes beside the spec. */
export interface CreateContext {
  readonly client: EngineClient;
  readonly facts: EngineFacts;
  readonly signer: Signer;
  readonly volumes: Volumes;
  readonly removals: Removals;
}

export interface CreateRequest {
  readonly spec: WorkloadSpec;
  /** Those that the spec refers to. */
  readonly secrets: Secrets;
  readonly owner: string;
  readonly hostRoots: readonly string[];
  readonly image: ResolvedImage;
  readonly attached: boolean;
  /** Makes it under a temporary name. */
  readonly temporary?: "next" | undefined;
  readonly interaction?: CompileInput["interaction"];
}

/** A container that exists and was not started yet. */
export interface CreatedContainer {
  readonly id: string;
  readonly name: string;
  /** Compares it with what was asked for. @throws CosError `failed_precondition` */
  verify(signal?: AbortSignal): Promise<void>;
}

/**
 * Creates the container of a workload, with the volumes it names and the files it begins with.
 *
 * @throws CosError `already_exists` when the name is taken; `denied`, `not_found`, `failed_precondition` as the spec
 * asks for what may or can not be; `unavailable`. When the answer was lost, the container is looked up by its name and
 * id and used if it exists; what appears later, or after a cancellation, is removed.
 */
export async function createContainer(
  context: CreateContext,
  request: CreateRequest,
  signal?: AbortSignal,
): Promise<CreatedContainer> {
  const { client, facts, signer, volumes } = context;
  const { spec, secrets, owner, image } = request;
  const managed = toManagedLabels(spec, owner, request.attached);
  const { temporary } = request;
  const name = temporary === undefined ? engineName(managed.name) : temporaryName(managed.name, temporary, managed.id);
  const binds = await resolveBinds(spec, request.hostRoots, facts);
  const network = await resolveNetwork(context, spec.network, { owner, publishes: spec.ports.length > 0, signal });
  const compiled = compile({
    spec,
    variables: secrets.valuesOf(spec.variables),
    image,
    facts,
    binds,
    network,
    attached: request.attached,
    interaction: request.interaction,
    labels: toLabels("container", managed, signer),
    volumeLabels: image.config.volumes.length === 0 ? {} : toLabels("volume", managed, signer),
  });
  const { project } = spec;
  for (const mount of spec.mounts)
    if (mount.type === "volume") await volumes.ensure({ name: mount.name, owner, project }, { signal });
  const { Id: id, Warnings: warnings } = await create(context, name, managed.id, compiled, signal);
  if (spec.files.length > 0) {
    await writeJobFiles(client, id, spec, secrets, signal).catch((error: unknown) => {
      context.removals.start(id);
      throw withoutDoubt(error);
    });
  }
  return {
    id,
    name,
    async verify(abort) {
      const inspected = await client.call<ContainerBody>("GET", ["containers", id, "json"], { signal: abort });
      assertBuiltAsAsked(compiled, inspected, warnings ?? []);
    },
  };
}

/** A failure before the start: whatever became of the request that failed, it is known that the job has not run. */
export function withoutDoubt(reason: unknown): CosError {
  const error = CosError.from(reason);
  if (error.details?.["unknown"] !== true) return error;
  return new CosError(error.code, error.message, { hint: error.hint, cause: error });
}

interface CreateAnswer {
  readonly Id: string;
  readonly Warnings?: readonly string[] | null;
}

async function create(
  { client, removals }: CreateContext,
  name: string,
  id: string,
  compiled: Compiled,
  signal: AbortSignal | undefined,
): Promise<CreateAnswer> {
  try {
    return await client.call<CreateAnswer>("POST", ["containers", "create"], {
      query: { name },
      body: compiled.body,
      signal,
    });
  } catch (error) {
    if (refusalStatus(error) === 409) {
      throw new CosError("already_exists", `There is a container named ${name} already.`, {
        hint: "Choose another name, or remove that one.",
        cause: error,
      });
    }
    if (refusalStatus(error) !== undefined || !CosError.is(error) || error.details?.["unknown"] !== true) throw error;
    const find = () => findCreated(client, name, id);
    const found = error.code === "cancelled" ? undefined : await find().catch(() => undefined);
    if (found !== undefined) return found;
    removals.startLost(async () => (await find())?.Id);
    throw error;
  }
}

/** The container that a create whose answer was lost has made, if it has. */
async function findCreated(client: EngineClient, name: string, id: string): Promise<CreateAnswer | undefined> {
  try {
    const body = await client.call<ContainerBody>("GET", ["containers", name, "json"]);
    return body.Config.Labels?.["cos.id"] === id ? { Id: body.Id } : undefined;
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}

function toManagedLabels(spec: WorkloadSpec, owner: string, attached: boolean): ManagedLabels {
  const id = newObjectId();
  const graceSeconds = graceAfterTimeoutSeconds[attached ? "attached" : "detached"];
  const untilTimeout = spec.timeoutSeconds === undefined ? undefined : spec.timeoutSeconds + graceSeconds;
  return {
    id,
    owner,
    lifecycle: spec.lifecycle,
    name: spec.name ?? `job-${id.slice(0, 12)}`,
    purpose: spec.purpose ?? "",
    project: spec.project ?? "",
    image: spec.env.image ?? spec.env.base ?? "",
    createdAt: new Date(),
    ttlSeconds: spec.ttlSeconds ?? untilTimeout,
    ...specLabel(spec),
  };
}

/**
 * The real paths of a workload's bind mounts.
 *
 * @throws CosError `denied` outside every root or in the engine itself, `not_found`, `failed_precondition` when the engine is elsewhere.
 */
export async function resolveBinds(
  spec: WorkloadSpec,
  roots: readonly string[],
  facts: EngineFacts,
): Promise<ResolvedBind[]> {
  const binds = spec.mounts.filter((mount) => mount.type === "bind");
  if (binds.length > 0 && !facts.capabilities.localFiles) {
    throw new CosError(
      "failed_precondition",
      "The engine runs on another machine, so host paths here mean nothing to it.",
      {
        hint: "Use a volume, or pass the data by stdin.",
      },
    );
  }
  return await Promise.all(
    binds.map(async ({ source, target }) => {
      const real = await resolveHostPath(source, roots);
      await assertNotTheEngines(real, facts.ownFiles);
      return { target, source: real };
    }),
  );
}
