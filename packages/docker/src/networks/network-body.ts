import { fromLabels, type Network, type Signer } from "@cos/core";

/** What cos reads of a network. */
export interface NetworkBody {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Driver: string;
  readonly Scope?: string;
  readonly Internal?: boolean;
  readonly Ingress?: boolean;
  readonly ConfigOnly?: boolean;
  readonly Options?: Readonly<Record<string, string>> | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** What an engine may set by itself, by its operator's configuration. */
const harmlessOptions: ReadonlySet<string> = new Set(["com.docker.network.driver.mtu"]);

/**
 * Whether a network is what cos makes. By other drivers and options a network can be an interface of the host or bind
 * ports to all of its addresses, whoever signed its labels.
 */
function isPlain({ Driver, Scope = "local", Ingress, ConfigOnly, Options }: NetworkBody): boolean {
  const options = Object.keys(Options ?? {}).filter((option) => !harmlessOptions.has(option));
  return Driver === "bridge" && Scope === "local" && Ingress !== true && ConfigOnly !== true && options.length === 0;
}

export function fromNetworkBody(body: NetworkBody, signer: Signer): Network {
  return {
    id: body.Id,
    name: body.Name,
    createdAt: new Date(body.Created),
    internal: body.Internal === true,
    ownership: isPlain(body) ? fromLabels("network", body.Name, body.Labels ?? {}, signer) : { status: "unmanaged" },
  };
}
