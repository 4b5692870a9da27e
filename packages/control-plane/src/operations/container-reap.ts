import { type Container, CosError } from "@cos/core";
import * as z from "zod";
import { concurrently } from "../concurrently.ts";
import { type Due, findDue } from "../expiry.ts";
import { defineOperation, type OperationContext } from "../operation.ts";
import { containerState, formatState, toState } from "../summary.ts";

/** How many are killed or removed at a time. */
const deedsAtOnce = 8;

export const containerReap = defineOperation({
  name: "container_reap",
  title: "Remove expired containers",
  description:
    "Kills and removes managed containers that have outlived their time to live, and jobs that ended more than an hour ago; detached jobs that run past their own timeout are killed, and their log stays for an hour. Set `onlyExpired` to false to remove also jobs that have only just ended; services and what runs in time always stay. cos does this by itself when it starts and every minute after that; use it to do so now, and gc to remove stopped services, networks and images too. Only containers with this installation's signature are touched, and agents remove only their own. One that cannot be removed is named in `failed`, and does not keep the others.",
  effect: "destroy",
  input: () =>
    z.strictObject({
      onlyExpired: z
        .boolean()
        .default(true)
        .describe("Whether jobs that ended, or were made and never started, are left alone for an hour."),
    }),
  output: () =>
    z.strictObject({
      removed: z.array(containerState()),
      killed: z.array(containerState()).describe("Jobs that ran past their timeout. They stay for an hour."),
      failed: z
        .array(z.strictObject({ id: z.string(), name: z.string(), reason: z.string() }))
        .describe("What could not be removed or killed, and why. It is tried again the next time."),
    }),
  preview: async (context, input) => {
    const { expired, leftovers, overdue } = await dueFor(context, input);
    const sentences = [
      ...(expired.length === 0 ? [] : [`Kill and remove what has expired: ${namesOf(expired)}.`]),
      ...(leftovers.length === 0 ? [] : [`Remove what is left over: ${namesOf(leftovers)}.`]),
      ...(overdue.length === 0 ? [] : [`Kill what runs past its timeout: ${namesOf(overdue)}.`]),
    ];
    return {
      text: sentences.join(" ") || "Nothing has expired.",
      changes: {
        action: sentences.length === 0 ? "none" : "reap",
        containers: idsOf(expired),
        leftovers: idsOf(leftovers),
        killed: idsOf(overdue),
      },
    };
  },
  run: async (context, input) => {
    const { engine, signal } = context;
    // Its helper, which expires like everything else, tells of a container that was left halted.
    await engine.containers.recover({ signal });
    const { expired, leftovers, overdue } = await dueFor(context, input);
    const killed = await tryEach(overdue, ({ id }) => engine.containers.kill(id, { signal }));
    const removed = await tryEach(expired, ({ id }) => engine.containers.remove(id, { signal }));
    // Somebody may have started one of these again.
    const cleared = await tryEach(leftovers, ({ id }) => engine.containers.remove(id, { force: false, signal }));
    return {
      removed: [...removed.done, ...cleared.done].map(toState),
      killed: killed.done.map(toState),
      failed: [...killed.failed, ...removed.failed, ...cleared.failed],
    };
  },
  format: ({ removed, killed, failed }) =>
    [
      ...removed.map((container) => `removed ${formatState(container)}`),
      ...killed.map((container) => `killed ${formatState(container)}`),
      ...failed.map(({ id, name, reason }) => `failed ${id.slice(0, 12)}  ${name}: ${reason}`),
    ].join("\n") || "Nothing has expired.",
});

const known = new WeakMap<OperationContext, Promise<Due>>();

/** What is due, found once in a call: what is previewed is what is done. */
function dueFor(context: OperationContext, { onlyExpired }: { readonly onlyExpired: boolean }): Promise<Due> {
  const found = known.get(context);
  if (found !== undefined) return found;
  const { engine, caller, signal } = context;
  const due = findDue(engine, caller, { now: new Date(), onlyExpired }, signal);
  known.set(context, due);
  return due;
}

/**
 * Does something to each, also when it fails for some.
 *
 * @throws CosError `cancelled`
 */
async function tryEach(containers: readonly Container[], deed: (container: Container) => Promise<void>) {
  const failed: { id: string; name: string; reason: string }[] = [];
  const outcomes = await concurrently(containers, deedsAtOnce, async (container) => {
    try {
      await deed(container);
      return [container];
    } catch (error) {
      const failure = CosError.from(error);
      if (failure.code === "cancelled") throw failure;
      failed.push({ id: container.id, name: container.name, reason: failure.message });
      return [];
    }
  });
  return { done: outcomes.flat(), failed };
}

function namesOf(containers: readonly Container[]): string {
  return containers.map(({ id, name }) => `${name} (${id.slice(0, 12)})`).join(", ");
}

function idsOf(containers: readonly Container[]): string[] {
  return containers.map(({ id }) => id).toSorted();
}
