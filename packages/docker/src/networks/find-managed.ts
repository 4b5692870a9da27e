import { engineName, type Network, type Signer } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { fromNetworkBody, type NetworkBody } from "./network-body.ts";

export interface NetworkContext {
  readonly client: EngineClient;
  readonly signer: Signer;
}

/**
 * The managed network that callers call `asked`. The engine also finds networks by the start of their id, which does not
 * count.
 */
export async function findManaged(
  { client, signer }: NetworkContext,
  asked: string,
  signal?: AbortSignal,
): Promise<Network | undefined> {
  if (!/^[a-z0-9-]{1,50}$/.test(asked)) return undefined;
  const name = engineName(asked);
  try {
    const body = await client.call<NetworkBody>("GET", ["networks", name], { signal });
    const network = fromNetworkBody(body, signer);
    return network.name === name && network.ownership.status === "managed" ? network : undefined;
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}
