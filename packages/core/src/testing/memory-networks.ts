import type { CallOptions } from "../call-options.ts";
import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { engineName, fromLabels, newObjectId, type Signer, toLabels } from "../labels.ts";
import { isOnNetwork, networkRequest } from "../network.ts";
import { parseWith } from "../parse.ts";
import type { JobRequest } from "../job.ts";
import type { Container, Network } from "../resources.ts";

export interface MemoryNetwork extends Omit<Network, "ownership"> {
  readonly labels: Readonly<Record<string, string>>;
}

export interface MemoryNetworksParts {
  readonly networks: Map<string, MemoryNetwork>;
  readonly containers: ReadonlyMap<string, Pick<Container, "networks">>;
  readonly signer: Signer;
  /** Throws when the connection is closed or the call cancelled. */
  readonly enter: (options?: CallOptions) => void;
}

/**
 * The name on the engine of the network that a workload asks for.
 *
 * @throws CosError `not_found` for one that is not its owner's, `failed_precondition` for ports on an internal one.
 */
export function findNetworkOf(
  { networks, signer }: Pick<MemoryNetworksParts, "networks" | "signer">,
  { spec, owner }: Pick<JobRequest, "spec" | "owner">,
): string {
  if (spec.network === "none" || spec.network === "bridge") return spec.network;
  const name = engineName(spec.network);
  const found = [...networks.values()].find((network) => network.name === name);
  const ownership = found && fromLabels("network", name, found.labels, signer);
  if (ownership?.status !== "managed" || ownership.labels.owner !== owner) {
    throw new CosError("not_found", `There is no managed network ${JSON.stringify(spec.network)} of yours.`, {
      hint: "Make one, or use none or bridge.",
    });
  }
  if (found?.internal !== true || spec.ports.length === 0) return name;
  throw new CosError("failed_precondition", `The network ${name} is internal, so ports cannot be published on it.`, {
    hint: "Use bridge, or leave the ports out.",
  });
}

/** The networks of an in-memory engine. */
export function memoryNetworks({ networks, containers, signer, enter }: MemoryNetworksParts): Engine["networks"] {
  const show = ({ labels, ...shown }: MemoryNetwork): Network => ({
    ...shown,
    ownership: fromLabels("network", shown.name, labels, signer),
  });
  const list = () => [...networks.values()].map(show);

  return {
    async list({ managed = false } = {}, options) {
      enter(options);
      return list().filter(({ ownership }) => !managed || ownership.status === "managed");
    },
    async get(name, options) {
      enter(options);
      const found = list().find(
        (network) => network.name === engineName(name) && network.ownership.status === "managed",
      );
      if (found !== undefined) return found;
      throw new CosError("not_found", `There is no managed network ${JSON.stringify(name)}.`, {
        hint: "Name one that cos made; others do not count.",
      });
    },
    async create(request, options) {
      enter(options);
      const { name, owner, egress, project = "", purpose = "" } = parseWith(networkRequest, request, "network");
      if (list().some((network) => network.name === engineName(name))) {
        throw new CosError("already_exists", `There is a network ${engineName(name)} already.`, {
          hint: "Choose another name.",
        });
      }
      const createdAt = new Date();
      const described = { id: newObjectId(), owner, name, project, purpose, createdAt, ttlSeconds: undefined };
      const rest = { lifecycle: "persistent", image: "", spec: "", specDigest: "" } as const;
      const id = newObjectId() + newObjectId();
      const labels = toLabels("network", { ...described, ...rest }, signer);
      const network = { id, name: engineName(name), createdAt, internal: !egress, labels };
      networks.set(id, network);
      return show(network);
    },
    async remove(id, options) {
      enter(options);
      if (!/^[0-9a-f]{64}$/.test(id)) {
        throw new CosError("invalid_argument", "Networks are removed by their full id.", {
          hint: "Expected 64 hex digits.",
        });
      }
      const network = networks.get(id);
      if (network !== undefined && [...containers.values()].some((container) => isOnNetwork(container, network))) {
        throw new CosError("conflict", "A container is on the network.", { hint: "Remove the container first." });
      }
      networks.delete(id);
    },
  };
}
