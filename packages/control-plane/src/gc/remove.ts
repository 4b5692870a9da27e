import { CosError, type Engine } from "@cos/core";
import { concurrently } from "../concurrently.ts";
import type { Leftover } from "./plan.ts";

/** How many are removed at a time: from here on the engine gets no faster, by `bench/gc.ts`. */
const removalsAtOnce = 16;

export interface Skipped extends Leftover {
  readonly reason: string;
}

export interface Removal {
  readonly removed: readonly Leftover[];
  readonly skipped: readonly Skipped[];
}

/**
 * Removes exactly these, containers first, so that images and networks are free of them, and never by force: what is used
 * again by now is skipped.
 *
 * @throws CosError `cancelled`, `unavailable`, `deadline_exceeded`; what was removed until then is gone.
 */
export async function removeLeftovers(
  engine: Engine,
  leftovers: readonly Leftover[],
  signal: AbortSignal,
): Promise<Removal> {
  const reasons = new Map<Leftover, string>();
  const inOrder = ["container", "image", "network"] as const;
  for (const kind of inOrder) {
    await concurrently(
      leftovers.filter((leftover) => leftover.kind === kind),
      removalsAtOnce,
      async (leftover) => {
        try {
          await removeOne(engine, leftover, signal);
        } catch (error) {
          const failure = CosError.from(error);
          if (["cancelled", "unavailable", "deadline_exceeded"].includes(failure.code)) throw failure;
          reasons.set(leftover, failure.message);
        }
      },
    );
  }
  return {
    removed: leftovers.filter((leftover) => !reasons.has(leftover)),
    skipped: leftovers.flatMap((leftover) => {
      const reason = reasons.get(leftover);
      return reason === undefined ? [] : [{ ...leftover, reason }];
    }),
  };
}

async function removeOne(engine: Engine, { kind, id, name }: Leftover, signal: AbortSignal): Promise<void> {
  if (kind === "container") await engine.containers.remove(id, { force: false, signal });
  else if (kind === "image") {
    // Without force an image goes only by its last tag, which is that of its content.
    if (!/^(?:cos-|sha256:)/.test(name)) await engine.images.removeTag(name, { signal });
    await engine.images.remove(id, { force: false, signal });
  } else await engine.networks.remove(id, { signal });
}
