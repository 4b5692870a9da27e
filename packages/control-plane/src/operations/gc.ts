import * as z from "zod";
import type { Caller } from "../caller.ts";
import { formatBytes } from "../format-bytes.ts";
import { lookAround } from "../gc/look.ts";
import { type Leftover, planGc } from "../gc/plan.ts";
import { removeLeftovers } from "../gc/remove.ts";
import { defineOperation, type OperationContext } from "../operation.ts";

/** Longest time that something has to be unused, in seconds: 30 days. */
const longestGraceSeconds = 30 * 86_400;

interface GcInput {
  readonly graceSeconds: number;
  readonly allOwners: boolean;
  readonly images: boolean;
}

/** The plan of each call: what is asked about, previewed and done is the same. */
const plans = new WeakMap<OperationContext, Promise<Leftover[]>>();

function planOf(context: OperationContext, input: GcInput): Promise<Leftover[]> {
  const known = plans.get(context);
  if (known !== undefined) return known;
  const plan = makePlan(context, input);
  plans.set(context, plan);
  return plan;
}

async function makePlan({ engine, caller, signal }: OperationContext, input: GcInput): Promise<Leftover[]> {
  const owner = reachesOthers(caller, input) ? undefined : caller.name;
  const request = { now: new Date(), graceSeconds: input.graceSeconds, owner, builtImages: input.images };
  return planGc(await lookAround(engine, request, signal), request);
}

/** People keep the whole installation tidy; agents their own, unless they ask for more. */
function reachesOthers({ kind }: Caller, { allOwners }: GcInput): boolean {
  return allOwners || (kind !== "stdio" && kind !== "http");
}

function leftoverSchema() {
  return {
    kind: z.enum(["container", "image", "network"]),
    id: z.string(),
    name: z.string().describe("Its name on the engine."),
    owner: z.string(),
    sizeBytes: z.int().min(0).describe("Bytes that become free with it."),
  };
}

export const gc = defineOperation({
  name: "gc",
  title: "Remove what is no longer used",
  description:
    "Removes managed leftovers: containers that ended, or were made and never started; networks that no container is on; cached images of base with provision, and images that lost their name to a newer build, if no container was made from them. Each must have been so for `graceSeconds`. Use it to free disk space and names; use container_reap for what has expired, and container_rm or network_remove for a single object. What is removed is gone for good, with a container's files outside named volumes and its log. Images that were built by name stay unless `images` is set. Nothing that runs or is paused is touched, nor anything that cos did not make and sign here, nor named volumes. Agents remove their own, and with `allOwners`, which a person must approve, everybody's; people's calls are about all owners. A call that needs a confirmation is answered with the exact list and its bytes, and with the token exactly that is removed; what is used again by then is skipped.",
  effect: "destroy",
  input: () =>
    z.strictObject({
      graceSeconds: z
        .int()
        .min(0)
        .max(longestGraceSeconds)
        .default(3600)
        .describe("How long something must have been unused: since it ended, or else since it was made."),
      allOwners: z
        .boolean()
        .default(false)
        .describe("Also what belongs to other owners. People's calls do so in any case."),
      images: z
        .boolean()
        .default(false)
        .describe("Also images that were built by name or from a build context, if no container was made from them."),
      dryRun: z.boolean().default(false).describe("Remove nothing, and answer with what would be removed."),
    }),
  output: () =>
    z.strictObject({
      dryRun: z.boolean().describe("Nothing was removed: `removed` is what would be."),
      removed: z.array(z.strictObject(leftoverSchema())),
      skipped: z
        .array(z.strictObject({ ...leftoverSchema(), reason: z.string() }))
        .describe("What could not be removed any more, and why."),
      freedBytes: z.int().min(0),
    }),
  asks: ({ caller }, input) => ({ otherOwners: reachesOthers(caller, input) }),
  preview: async (context, input) => {
    const plan = await planOf(context, input);
    const { dryRun } = input;
    return {
      text: plan.length === 0 ? "Nothing to remove." : [titleOf(plan, dryRun), ...plan.map(formatLeftover)].join("\n"),
      changes: { action: dryRun || plan.length === 0 ? "none" : "gc", objects: plan, freedBytes: bytesOf(plan) },
    };
  },
  run: async (context, input) => {
    const plan = await planOf(context, input);
    const { removed, skipped } = input.dryRun
      ? { removed: plan, skipped: [] }
      : await removeLeftovers(context.engine, plan, context.signal);
    return { dryRun: input.dryRun, removed: [...removed], skipped: [...skipped], freedBytes: bytesOf(removed) };
  },
  format: ({ dryRun, removed, skipped, freedBytes }) =>
    [
      ...removed.map((leftover) => `${dryRun ? "would remove" : "removed"} ${formatLeftover(leftover)}`),
      ...skipped.map(({ reason, ...leftover }) => `skipped ${formatLeftover(leftover)}: ${reason}`),
      removed.length === 0 ? "Nothing to remove." : `${dryRun ? "Would free" : "Freed"} ${formatBytes(freedBytes)}.`,
    ].join("\n"),
});

function titleOf(plan: readonly Leftover[], dryRun: boolean): string {
  const counts = (["container", "image", "network"] as const).flatMap((kind) => {
    const count = plan.filter((leftover) => leftover.kind === kind).length;
    return count === 0 ? [] : [`${count} ${kind}${count === 1 ? "" : "s"}`];
  });
  const what = `${counts.join(", ")} for good, ${formatBytes(bytesOf(plan))} in all:`;
  return dryRun ? `Remove nothing, but say what could be removed: ${what}` : `Remove ${what}`;
}

function formatLeftover({ kind, id, name, owner, sizeBytes }: Leftover): string {
  const shortId = id.replace(/^sha256:/, "").slice(0, 12);
  return [kind, shortId, name, owner, ...(kind === "network" ? [] : [formatBytes(sizeBytes)])].join("  ");
}

function bytesOf(leftovers: readonly Leftover[]): number {
  return leftovers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
