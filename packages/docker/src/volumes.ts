import {
  type CallOptions,
  CosError,
  engineName,
  fromLabels,
  managedLabel,
  newObjectId,
  type Signer,
  toLabels,
  parseWith,
  type Volume,
  volumeRequest,
  type VolumeRequest,
  type VolumeResult,
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
   * @throws CosError `already_exists`, `invalid_argument`
   */
  async ensure(request: VolumeRequest, { signal }: CallOptions = {}): Promise<VolumeResult> {
    const { name, owner, project = "", purpose = "" } = parseWith(volumeRequest, request, "volume");
    const id = newObjectId();
    const labels = toLabels(
      "volume",
      {
        id,
        owner,
        lifecycle: "persistent",
        name,
        purpose,
        project,
        image: "",
        createdAt: new Date(),
        ttlSeconds: undefined,
        spec: "",
        specDigest: "",
      },
      this.#signer,
    );
    const body = { Name: engineName(name), Driver: "local", Labels: labels };
    // The engine answers with the volume that it has under this name already, and takes no notice of the labels then.
    const made = await this.#client.call<VolumeBody>("POST", ["volumes", "create"], { body, signal });
    const volume = this.#fromBody(made);
    const { ownership } = volume;
    const plain = made.Driver === "local" && Object.keys(made.Options ?? {}).length === 0;
    if (!plain || ownership.status !== "managed" || ownership.labels.owner !== owner) {
      throw new CosError("already_exists", `The volume ${engineName(name)} exists and is not yours.`, {
        hint: "Choose another name.",
      });
    }
    return { volume, created: ownership.labels.id === id };
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
      const status = refusalStatus(error);
      if (status === 404) return;
      if (status !== 409 || !CosError.is(error)) throw error;
      throw new CosError("conflict", `A container uses the volume ${name}.`, {
        hint: "Remove the container first, also when it does not run.",
        details: { ...error.details, containerIds: error.message.match(/\b[0-9a-f]{64}\b/g) ?? [] },
        cause: error,
      });
    }
  }

  #fromBody(body: VolumeBody): Volume {
    const { Name: name, CreatedAt: created = "" } = body;
    const ownership = fromLabels("volume", name, body.Labels ?? {}, this.#signer);
    return { name, ...(created === "" ? {} : { createdAt: new Date(created) }), ownership };
  }
}
