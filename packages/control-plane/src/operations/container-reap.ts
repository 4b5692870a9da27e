import { defineOperation } from "../operation.ts";
import { findExpired } from "../expiry.ts";
import { containerSummary, formatSummary, toSummary } from "../summary.ts";
import * as z from "zod";

export const containerReap = defineOperation({
  name: "container_reap",
  title: "Remove expired containers",
  description:
    "Kills and removes managed containers that have outlived their time to live, and jobs that ended more than an hour ago. cos does this by itself when it starts; use it to do so now. Only containers with this installation's signature are touched, and agents remove only their own.",
  effect: "destroy",
  input: () => z.strictObject({}),
  output: () => z.strictObject({ removed: z.array(containerSummary()) }),
  preview: async ({ engine, caller, signal }) => {
    const expired = await findExpired(engine, caller, new Date(), signal);
    const named = expired.map(({ id, name }) => `${name} (${id.slice(0, 12)})`);
    return {
      text: named.length === 0 ? "Nothing has expired." : `Kill and remove what has expired: ${named.join(", ")}.`,
      changes: { action: "reap", containers: expired.map(({ id }) => id).toSorted() },
    };
  },
  run: async ({ engine, caller, signal }) => {
    const removed = [];
    for (const container of await findExpired(engine, caller, new Date(), signal)) {
      await engine.containers.remove(container.id, { signal });
      removed.push(toSummary(container));
    }
    return { removed };
  },
  format: ({ removed }) =>
    removed.length === 0
      ? "Nothing has expired."
      : removed.map((container) => `removed ${formatSummary(container)}`).join("\n"),
});
