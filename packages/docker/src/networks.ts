import { CosError, engineName, fromLabels, type Network, type Signer } from "@cos/core";
import type { NetworkBody } from "./api.ts";
import type { EngineClient } from "./transport/engine-client.ts";
import { refusalStatus } from "./transport/refusal.ts";

interface NetworkContext {
  readonly client: EngineClient;
  readonly signer: Signer;
}

/**
 * The managed network that callers call `name`.
 *
 * @throws CosError `not_found` when there is none, or what has its name on the engine is not managed.
 */
export async function getNetwork(context: NetworkContext, name: string, signal?: AbortSignal): Promise<Network> {
  const network = await findManaged(context, name, signal);
  if (network !== undefined) return network;
  throw new CosError("not_found", `There is no managed network ${JSON.stringify(name)}.`, {
    hint: "Name one that cos made; others do not count.",
  });
}

/**
 * The engine's name of the network that a workload asks for: `none`, `bridge`, or a managed network of its owner. Other
 * networks are never joined, whatever they are called, for nobody said who may talk to whom there.
 *
 * @param publishes whether the workload publishes ports, which an internal network cannot.
 * @throws CosError `not_found`, `failed_precondition`
 */
export async function resolveNetwork(
  context: NetworkContext,
  asked: string,
  {
    owner,
    publishes,
    signal,
  }: { readonly owner: string; readonly publishes: boolean; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  if (asked === "none" || asked === "bridge") return asked;
  const network = await findManaged(context, asked, signal);
  if (network?.ownership.status !== "managed" || network.ownership.labels.owner !== owner) {
    throw new CosError("not_found", `There is no managed network ${JSON.stringify(asked)} of yours.`, {
      hint: "Use none or bridge.",
    });
  }
  if (network.internal && publishes) {
    throw new CosError(
      "failed_precondition",
      `The network ${JSON.stringify(asked)} is internal, so ports cannot be published on it.`,
      {
        hint: "Use bridge, or leave the ports out.",
      },
    );
  }
  return network.name;
}

/** The engine also finds networks by the start of their id, which does not count; nor does any driver but bridge. */
async function findManaged(
  { client, signer }: NetworkContext,
  asked: string,
  signal: AbortSignal | undefined,
): Promise<Network | undefined> {
  if (!/^[a-z0-9-]{1,50}$/.test(asked)) return undefined;
  const name = engineName(asked);
  try {
    const body = await client.call<NetworkBody>("GET", ["networks", name], { signal });
    const ownership = fromLabels("network", body.Name, body.Labels ?? {}, signer);
    if (body.Name !== name || body.Driver !== "bridge" || ownership.status !== "managed") return undefined;
    return { id: body.Id, name, internal: body.Internal === true, ownership };
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}
