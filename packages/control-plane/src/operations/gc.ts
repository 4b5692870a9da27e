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
    "Removes for good what cos made and nothing uses: containers that ended or were never started, with their logs and files outside volumes; networks without containers; cached images of `base` with `provision`, and images whose tag moved on. Use it to free disk space and names; use container_rm for a single container. Each must have been unused for `graceSeconds`; images built by name stay unless `images` is set, named volumes always. Agents clean up their own, and with `allOwners`, which a person must approve, everybody's. A preview lists exactly what its token removes; what is used again by then is skipped.",
  effect: "destroy",
  input: () =>
    z.strictObject({
      graceSeconds: z
        .int()
        .min(0)
        .max(longestGraceSeconds)
        .default(3600)
        .describe("How long unused: since its end, or else since it was made."),
      allOwners: z.boolean().default(false).describe("Also other owners'; people's calls do so in any case."),
      images: z
        .boolean()
        .default(false)
        .describe("Also images built by name or from a context that no container was made from."),
      dryRun: z.boolean().default(false).describe("Only say what would be removed."),
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
