import {
  type CallOptions,
  CosError,
  engineName,
  fromLabels,
  managedLabel,
  newObjectId,
  type Signer,
  toLabels,
  type Volume,
} from "@cos/core";
import type { VolumeBody } from "./api.ts";
import type { EngineClient } from "./transport/engine-client.ts";
import { refusalStatus } from "./transport/refusal.ts";

/** The named volumes of an engine. */
export class Volumes {
  readonly #client: EngineClient;
  readonly #signer: Signer;

  constructor(client: EngineClient, signer: Signer) {
    this.#client = client;
    this.#signer = signer;
  }

  /**
   * Finds or creates the managed volume that callers call `name`. A volume of that name that is somebody else's, or
   * that was made with driver options (which can point it at any host directory), is never used.
   *
   * @throws CosError `already_exists`
   */
  async ensure(name: string, owner: string, { signal }: CallOptions = {}): Promise<void> {
    const labels = toLabels(
      "volume",
      {
        id: newObjectId(),
        owner,
        lifecycle: "persistent",
        name,
        purpose: "",
        project: "",
        image: "",
        createdAt: new Date(),
        ttlSeconds: undefined,
        spec: "",
        specDigest: "",
      },
      this.#signer,
    );
    const body = { Name: engineName(name), Driver: "local", Labels: labels };
    const volume = await this.#client.call<VolumeBody>("POST", ["volumes", "create"], { body, signal });
    const { ownership } = this.#fromBody(volume);
    const plain = volume.Driver === "local" && Object.keys(volume.Options ?? {}).length === 0;
    if (!plain || ownership.status !== "managed" || ownership.labels.owner !== owner) {
      throw new CosError("already_exists", `The volume ${engineName(name)} exists and is not yours.`, {
        hint: "Choose another name.",
      });
    }
  }

  async list(filter: { readonly managed?: boolean } = {}, { signal }: CallOptions = {}): Promise<Volume[]> {
    const filters =
      filter.managed === true ? JSON.stringify({ label: [`${managedLabel.name}=${managedLabel.value}`] }) : undefined;
    const { Volumes: bodies } = await this.#client.call<{ Volumes?: VolumeBody[] | null }>("GET", ["volumes"], {
      query: { filters },
      signal,
    });
    const volumes = (bodies ?? []).map((body) => this.#fromBody(body));
    return filter.managed === true ? volumes.filter(({ ownership }) => ownership.status === "managed") : volumes;
  }

  async remove(name: string, { signal }: CallOptions = {}): Promise<void> {
    try {
      await this.#client.call("DELETE", ["volumes", name], { signal });
    } catch (error) {
      if (refusalStatus(error) !== 404) throw error;
    }
  }

  #fromBody(body: VolumeBody): Volume {
    return { name: body.Name, ownership: fromLabels("volume", body.Name, body.Labels ?? {}, this.#signer) };
  }
}
