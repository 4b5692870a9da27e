import { CosError, engineName, fromLabels, type Signer } from "@cos/core";
import type { NetworkBody } from "./api.ts";
import type { EngineClient } from "./transport/engine-client.ts";
import { refusalStatus } from "./transport/refusal.ts";

/**
 * The engine's name of the network that a workload asks for: `none`, `bridge`, or a managed network of its owner. Other
 * networks are never joined, whatever they are called, for nobody said who may talk to whom there.
 *
 * @param publishes whether the workload publishes ports, which an internal network cannot.
 * @throws CosError `not_found`, `failed_precondition`
 */
export async function resolveNetwork(
  { client, signer }: { readonly client: EngineClient; readonly signer: Signer },
  asked: string,
  {
    owner,
    publishes,
    signal,
  }: { readonly owner: string; readonly publishes: boolean; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  if (asked === "none" || asked === "bridge") return asked;
  const name = engineName(asked);
  const network = await findNetwork(client, name, signal);
  const ownership =
    network === undefined ? undefined : fromLabels("network", network.Name, network.Labels ?? {}, signer);
  if (network?.Driver !== "bridge" || ownership?.status !== "managed" || ownership.labels.owner !== owner) {
    throw new CosError("not_found", `There is no managed network ${JSON.stringify(asked)} of yours.`, {
      hint: "Use none or bridge.",
    });
  }
  if (network.Internal === true && publishes) {
    throw new CosError(
      "failed_precondition",
      `The network ${JSON.stringify(asked)} is internal, so ports cannot be published on it.`,
      {
        hint: "Use bridge, or leave the ports out.",
      },
    );
  }
  return name;
}

/** The engine also finds networks by the start of their id, which does not count. */
async function findNetwork(
  client: EngineClient,
  name: string,
  signal: AbortSignal | undefined,
): Promise<NetworkBody | undefined> {
  try {
    const network = await client.call<NetworkBody>("GET", ["networks", name], { signal });
    return network.Name === name ? network : undefined;
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}
