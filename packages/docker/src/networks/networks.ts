import {
  type CallOptions,
  CosError,
  engineName,
  isOnNetwork,
  managedLabel,
  type Network,
  networkRequest,
  type NetworkRequest,
  newObjectId,
  parseWith,
  type Signer,
  toLabels,
} from "@cos/core";
import type { ContainerRow } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { findManaged } from "./find-managed.ts";
import { fromNetworkBody, type NetworkBody } from "./network-body.ts";

/** The networks of an engine. */
export class Networks {
  readonly #client: EngineClient;
  readonly #signer: Signer;

  constructor(client: EngineClient, signer: Signer) {
    this.#client = client;
    this.#signer = signer;
  }

  async list(filter: { readonly managed?: boolean } = {}, { signal }: CallOptions = {}): Promise<Network[]> {
    const filters =
      filter.managed === true ? JSON.stringify({ label: [`${managedLabel.name}=${managedLabel.value}`] }) : undefined;
    const bodies = await this.#client.call<NetworkBody[]>("GET", ["networks"], { query: { filters }, signal });
    const networks = bodies.map((body) => fromNetworkBody(body, this.#signer));
    return filter.managed === true ? networks.filter(({ ownership }) => ownership.status === "managed") : networks;
  }

  async get(name: string, { signal }: CallOptions = {}): Promise<Network> {
    const network = await findManaged({ client: this.#client, signer: this.#signer }, name, signal);
    if (network !== undefined) return network;
    throw new CosError("not_found", `There is no managed network ${JSON.stringify(name)}.`, {
      hint: "Name one that cos made; others do not count.",
    });
  }

  async create(request: NetworkRequest, { signal }: CallOptions = {}): Promise<Network> {
    const { name, owner, egress, project = "", purpose = "" } = parseWith(networkRequest, request, "network");
    const id = newObjectId();
    const described = { id, owner, name, project, purpose, createdAt: new Date(), ttlSeconds: undefined };
    const rest = { lifecycle: "persistent", image: "", spec: "", specDigest: "" } as const;
    const body = {
      Name: engineName(name),
      // Without it, engines before 25 make a second network of the same name.
      CheckDuplicate: true,
      Driver: "bridge",
      Internal: !egress,
      Attachable: false,
      Ingress: false,
      EnableIPv6: false,
      Labels: toLabels("network", { ...described, ...rest }, this.#signer),
    };
    const made = await this.#make(name, id, body, signal);
    const network = await this.#look(made, signal);
    const { ownership } = network;
    const ours = network.name === body.Name && ownership.status === "managed" && ownership.labels.id === id;
    if (ours && network.internal === body.Internal) return network;
    await this.#delete(made);
    throw new CosError("failed_precondition", "The engine made another network than was asked for.", {
      hint: "Look at the engine's default network options.",
    });
  }

  async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
    if (!/^[0-9a-f]{64}$/.test(id)) {
      throw new CosError("invalid_argument", "Networks are removed by their full id.", {
        hint: "Expected 64 hex digits.",
      });
    }
    const inUse = (cause?: unknown) =>
      new CosError("conflict", "A container is on the network.", {
        hint: "Remove the containers that are on it first, stopped ones included.",
        cause,
      });
    try {
      const network = await this.#look(id, signal);
      // The engine itself counts only those that run.
      const rows = await this.#client.call<ContainerRow[]>("GET", ["containers", "json"], {
        query: { all: true },
        signal,
      });
      const used = rows.some(({ NetworkSettings }) =>
        isOnNetwork({ networks: Object.keys(NetworkSettings?.Networks ?? {}) }, network),
      );
      if (used) throw inUse();
      await this.#delete(id, signal);
    } catch (error) {
      const status = refusalStatus(error);
      if (status === 404) return;
      if (status !== 403 || !CosError.is(error)) throw error;
      if (/active endpoints/.test(error.message)) throw inUse(error);
      throw new CosError("failed_precondition", `The engine keeps this network. ${error.message}`, { cause: error });
    }
  }

  /** Makes it, also when the answer is lost. Resolves with its full id. */
  async #make(name: string, id: string, body: object, signal: AbortSignal | undefined): Promise<string> {
    try {
      return (await this.#client.call<{ Id: string }>("POST", ["networks", "create"], { body, signal })).Id;
    } catch (error) {
      if (refusalStatus(error) === 409) {
        throw new CosError("already_exists", `There is a network ${engineName(name)} already.`, {
          hint: "Choose another name.",
          cause: error,
        });
      }
      if (!CosError.is(error) || error.details?.["unknown"] !== true || error.code === "cancelled") throw error;
      const found = await findManaged({ client: this.#client, signer: this.#signer }, name).catch(() => undefined);
      if (found?.ownership.status === "managed" && found.ownership.labels.id === id) return found.id;
      throw error;
    }
  }

  async #look(id: string, signal: AbortSignal | undefined): Promise<Network> {
    return fromNetworkBody(await this.#client.call<NetworkBody>("GET", ["networks", id], { signal }), this.#signer);
  }

  async #delete(id: string, signal?: AbortSignal): Promise<void> {
    await this.#client.call("DELETE", ["networks", id], { signal });
  }
}
