import { CosError } from "@cos/core";
import { findManaged, type NetworkContext } from "./find-managed.ts";

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
      hint: "Make one, or use none or bridge.",
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
