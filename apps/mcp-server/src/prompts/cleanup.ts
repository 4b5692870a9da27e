import { type ContainerSummary, formatBytes, type VolumeSummary } from "@cos/control-plane";
import { aboutData, toData, toFacts, toReason } from "./data.ts";
import type { Look, Prompt, Seen } from "./prompt.ts";

export const cleanup: Prompt = {
  name: "cleanup",
  title: "Clean up",
  description: "See what is left over of containers, networks and images, agree on what goes, and have it removed.",
  arguments: [],
  tools: [
    "gc",
    "container_reap",
    "container_rm",
    "container_inspect",
    "container_logs",
    "container_stats",
    "volume_remove",
  ],
  async write(look) {
    const [containers, volumes, leftovers, more] = await Promise.all([
      look("container_list", { all: true, managed: true }),
      look("volume_list", { managed: true }),
      planGc(look, {}),
      planGc(look, { graceSeconds: 0, images: true }),
    ]);
    const known = new Set(leftovers.objects.map(({ id }) => id));
    const rest = { ...more, objects: more.objects.filter(({ id }) => !known.has(id)) };
    return [
      instructions,
      "",
      `What there is now. ${aboutData}`,
      "",
      ...describePlan("What gc would remove: unused for an hour or more", leftovers),
      ...describePlan("What gc would remove besides with graceSeconds=0 and images=true", rest),
      ...describeList("Your containers, in every state", containers, toContainers),
      ...describeList("Your volumes", volumes, toVolumes),
    ].join("\n");
  },
};

const instructions = `Clean up with the tools of cos what nobody needs any more. Nothing is removed before your user has agreed to it.

1. Plan. From what there is, write down what could go, in groups: leftovers, by gc; what has expired, by container_reap; containers that ended or seem forgotten, by container_rm; services that run and perhaps nobody uses. Say for each group how much becomes free and what is lost. Where you do not know whether something is needed, ask, and look at container_inspect, container_logs or container_stats first.
2. Show the plan, and ask your user to say "apply" or what to keep. What they change makes a new plan.
3. Apply exactly that plan. gc answers confirm with the list of what it removes: show it, and go on with the confirmToken where it says no more than the plan. For an answer pending tell your user the reference.
4. Look again, and say what went, what became free, and what stays and why.

Leave alone what runs, unless your user named it, and what is not your own. A volume's data is gone for good with volume_remove: do it only for a volume that your user named, after all containers that mount it are gone.`;

/** What gc says that it could remove. */
interface GcPlan {
  readonly objects: readonly {
    readonly kind: string;
    readonly id: string;
    readonly name: string;
    readonly sizeBytes: number;
  }[];
  readonly why?: string | undefined;
}

/** Asks for what gc would remove, and has nothing removed, not even with the token of a consent. */
async function planGc(look: Look, input: object): Promise<GcPlan> {
  const seen = await look("gc", { ...input, dryRun: true });
  if (seen.ok) return { objects: (seen.result as { removed: GcPlan["objects"] }).removed };
  if (seen.preview !== undefined) return { objects: (seen.preview.changes as { objects: GcPlan["objects"] }).objects };
  return { objects: [], why: seen.why };
}

function describePlan(title: string, { objects, why }: GcPlan): string[] {
  if (why !== undefined) return [`${title}: not known. ${toReason(why)}`];
  if (objects.length === 0) return [`${title}: nothing.`];
  const bytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const lines = objects.map(({ kind, name, sizeBytes }) => toFacts([kind, name, formatBytes(sizeBytes)]));
  return [`${title} (${objects.length}, ${formatBytes(bytes)}):`, ...toData(lines.join("\n"))];
}

function describeList(title: string, seen: Seen, toLines: (result: unknown) => string[]): string[] {
  if (!seen.ok) return [`${title}: not known. ${toReason(seen.why)}`];
  const lines = toLines(seen.result);
  return lines.length === 0 ? [`${title}: none.`] : [`${title} (${lines.length}):`, ...toData(lines.join("\n"))];
}

function toContainers(result: unknown): string[] {
  return (result as { containers: ContainerSummary[] }).containers.map(
    ({ name, lifecycle, state, exitCode, image, createdAt, expiresAt, project, purpose }) =>
      toFacts([
        name,
        lifecycle === "persistent" ? "service" : "job",
        exitCode === undefined ? state : `${state} (${exitCode})`,
        image,
        `made ${createdAt}`,
        expiresAt === undefined ? undefined : `expires ${expiresAt}`,
        project === undefined ? undefined : `project ${project}`,
        purpose,
      ]),
  );
}

function toVolumes(result: unknown): string[] {
  return (result as { volumes: VolumeSummary[] }).volumes.map(({ name, createdAt, project, purpose }) =>
    toFacts([name, createdAt && `made ${createdAt}`, project && `project ${project}`, purpose]),
  );
}
