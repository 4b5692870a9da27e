import type { ProgressEvent } from "@cos/core";

interface Layer {
  state: "waiting" | "downloading" | "downloaded" | "extracting" | "complete";
  doneBytes: number;
  totalBytes: number;
}

const states: Readonly<Record<string, Layer["state"]>> = {
  "Pulling fs layer": "waiting",
  Waiting: "waiting",
  Downloading: "downloading",
  "Verifying Checksum": "downloaded",
  "Download complete": "downloaded",
  Extracting: "extracting",
  "Pull complete": "complete",
  "Already exists": "complete",
};

/** One line of a pull's answer, as far as progress is concerned. */
export interface PullLine {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number } | null;
}

/**
 * Adds up what an engine says of each layer. `done` and `total` are bytes of compressed layers; `total` grows while
 * layers are still to be asked for, `done` never falls, also when a layer is tried again.
 */
export class PullProgress {
  readonly #subject: string;
  readonly #layers = new Map<string, Layer>();
  #done = 0;
  #last: ProgressEvent | undefined;

  /** @param subject the reference that is pulled. */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Takes a line; answers with an event when there is something worth saying: at most one for each percent. */
  take({ status, id, progressDetail }: PullLine): ProgressEvent | undefined {
    const state = status === undefined ? undefined : states[status];
    if (id === undefined || state === undefined) return undefined;
    const layer = this.#layers.get(id) ?? { state, doneBytes: 0, totalBytes: 0 };
    layer.state = state;
    if (state === "downloading") {
      layer.doneBytes = progressDetail?.current ?? layer.doneBytes;
      layer.totalBytes = Math.max(progressDetail?.total ?? 0, layer.totalBytes, layer.doneBytes);
    } else if (state !== "waiting") {
      layer.doneBytes = layer.totalBytes;
    }
    this.#layers.set(id, layer);
    return this.#event();
  }

  #event(): ProgressEvent | undefined {
    const layers = [...this.#layers.values()];
    const sum = (bytes: (layer: Layer) => number) => layers.reduce((total, layer) => total + bytes(layer), 0);
    const total = sum((layer) => layer.totalBytes);
    this.#done = Math.min(
      Math.max(
        this.#done,
        sum((layer) => layer.doneBytes),
      ),
      Math.max(total, this.#done),
    );
    const complete = layers.filter(({ state }) => state === "complete").length;
    const message = `Pulling ${this.#subject} (${complete} of ${layers.length} layers)`;
    const event: ProgressEvent = { phase: "pull", message, ...(total === 0 ? {} : { done: this.#done, total }) };
    const last = this.#last;
    const moved = last?.message !== message || (this.#done - (last.done ?? 0)) * 100 >= Math.max(total, 1);
    if (!moved) return undefined;
    this.#last = event;
    return event;
  }
}
