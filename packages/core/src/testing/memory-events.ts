import type { CallOptions } from "../call-options.ts";
import { CosError } from "../errors.ts";
import { type ContainerEvent, type EngineEvent, EventQueue } from "../events.ts";
import { fromLabels, type Signer } from "../labels.ts";
import { isAlive, type MemoryContainer } from "./memory-containers.ts";
import type { WatchedMap } from "./watched-map.ts";

export interface MemoryEventsParts {
  readonly containers: WatchedMap<MemoryContainer>;
  readonly signer: Signer;
  /** Aborts when the connection closes. */
  readonly closing: AbortSignal;
}

/** Tells what happens to the containers of an in-memory engine. */
export async function* memoryEvents(
  { containers, signer, closing }: MemoryEventsParts,
  options?: CallOptions,
): AsyncGenerator<EngineEvent> {
  const queue = new EventQueue();
  const onClose = () => queue.fail(new CosError("unavailable", "The connection was closed."));
  closing.addEventListener("abort", onClose, { once: true });
  queue.push({ kind: "resync" });
  const stop = containers.watch((before, after) => {
    const { id, name, allLabels } = after ?? before ?? never();
    const ownership = fromLabels("container", name, allLabels, signer);
    const previousName = before !== undefined && before.name !== name ? { previousName: before.name } : {};
    for (const kind of toKinds(before, after)) {
      queue.push({ kind, id, name, ownership, ...(kind === "renamed" ? previousName : {}) });
    }
  });
  try {
    yield* queue.listen(options);
  } finally {
    stop();
    closing.removeEventListener("abort", onClose);
  }
}

/** What happened when a container became another. */
function toKinds(before: MemoryContainer | undefined, after: MemoryContainer | undefined): ContainerEvent["kind"][] {
  const ran = before !== undefined && isAlive(before);
  if (after === undefined) return ran ? ["ended", "removed"] : ["removed"];
  const kinds: ContainerEvent["kind"][] = before === undefined ? ["created"] : [];
  const runs = isAlive(after);
  if (runs && !ran) kinds.push("started");
  if (ran && !runs) kinds.push("ended");
  if (before !== undefined && before.name !== after.name) kinds.push("renamed");
  if (runs && before?.health !== after.health && after.health !== undefined && after.health !== "starting")
    kinds.push("health");
  return kinds;
}

function never(): never {
  throw new TypeError("a change is of something");
}
