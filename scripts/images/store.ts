import { createReadStream } from "node:fs";

import { readMessages, sendRequest } from "../engine/client.ts";
import type { Endpoint } from "../engine/endpoints.ts";

/** The images of one engine. */
export class ImageStore {
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Whether the engine has an image of this name. */
  async has(reference: string): Promise<boolean> {
    const response = await sendRequest(this.#endpoint, "GET", `/images/${reference}/json`);
    response.resume();
    return response.statusCode === 200;
  }

  /**
   * Pulls an image.
   * @param patienceSeconds how long the registry may keep silent
   * @throws Error when the registry cannot be reached or does not have it
   */
  async pull(reference: string, patienceSeconds: number): Promise<void> {
    const silence = new AbortController();
    const giveUp = () => silence.abort(new Error(`no registry answered within ${String(patienceSeconds)} s`));
    const timer = setTimeout(giveUp, patienceSeconds * 1000);
    try {
      const path = `/images/create?fromImage=${encodeURIComponent(reference)}`;
      const response = await sendRequest(this.#endpoint, "POST", path, { signal: silence.signal });
      await readMessages(response, () => timer.refresh());
    } catch (error) {
      throw silence.signal.aborted ? silence.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Loads an archive that names its image. */
  async load(archive: string): Promise<void> {
    const body = createReadStream(archive);
    await readMessages(await sendRequest(this.#endpoint, "POST", "/images/load?quiet=1", { body }));
  }

  /** Gives an image one more name. */
  async tag(reference: string, name: string): Promise<void> {
    const [repo = "", tag = "latest"] = name.split(":");
    const query = new URLSearchParams({ repo, tag }).toString();
    await readMessages(await sendRequest(this.#endpoint, "POST", `/images/${reference}/tag?${query}`));
  }
}
