import type { ProgressEvent } from "@cos/core";

interface Layer {
  state: "waiting" | "moving" | "moved" | "extracting" | "complete";
  doneBytes: number;
  totalBytes: number;
}

const states: Readonly<Record<string, Layer["state"]>> = {
  "Pulling fs layer": "waiting",
  Waiting: "waiting",
  Downloading: "moving",
  "Verifying Checksum": "moved",
  "Download complete": "moved",
  Extracting: "extracting",
  "Pull complete": "complete",
  "Already exists": "complete",
  Preparing: "waiting",
  Pushing: "moving",
  Pushed: "complete",
  "Layer already exists": "complete",
};

/** One line of the answer to a pull or a push, as far as progress is concerned. */
export interface TransferLine {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number } | null;
}

/**
 * Adds up what an engine says of each layer. `done` and `total` are bytes of layers, compressed in a pull; `total` grows
 * while layers are still to be asked for, `done` never falls, also when a layer is tried again.
 */
export class TransferProgress {
  readonly #phase: "pull" | "push";
  readonly #subject: string;
  readonly #layers = new Map<string, Layer>();
  #done = 0;
  #last: ProgressEvent | undefined;

  /** @param subject the reference that is pulled or pushed. */
  constructor(phase: "pull" | "push", subject: string) {
    this.#phase = phase;
    this.#subject = subject;
  }

  /** Bytes that have moved so far. */
  get doneBytes(): number {
    return this.#done;
  }

  /** Takes a line; answers with an event when there is something worth saying: at most one for each percent. */
  take({ status, id, progressDetail }: TransferLine): ProgressEvent | undefined {
    const state = status === undefined ? undefined : (states[status] ?? fromElsewhere(status));
    if (id === undefined || state === undefined) return undefined;
    const layer = this.#layers.get(id) ?? { state, doneBytes: 0, totalBytes: 0 };
    layer.state = state;
    if (state === "moving") {
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
    const message = `${this.#phase === "pull" ? "Pulling" : "Pushing"} ${this.#subject} (${complete} of ${layers.length} layers)`;
    const event: ProgressEvent = { phase: this.#phase, message, ...(total === 0 ? {} : { done: this.#done, total }) };
    const last = this.#last;
    const moved = last?.message !== message || (this.#done - (last.done ?? 0)) * 100 >= Math.max(total, 1);
    if (!moved) return undefined;
    this.#last = event;
    return event;
  }
}

/** A registry that has a layer in another repository of its own takes it from there. */
function fromElsewhere(status: string): Layer["state"] | undefined {
  return status.startsWith("Mounted from ") ? "complete" : undefined;
}
