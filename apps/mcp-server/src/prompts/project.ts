import type { ContainerSummary, NetworkSummary, VolumeSummary } from "@cos/control-plane";
import { CosError } from "@cos/core";
import { aboutData, toData, toFacts, toReason } from "./data.ts";
import type { Look } from "./prompt.ts";

/** Most services of a project that are told with what they were asked for. */
const mostSettings = 24;

/** What there is of a project, in words: its containers with what cos was asked for, its networks and its volumes. */
export async function describeProject(look: Look, project: string): Promise<string[]> {
  const { containers, networks, volumes } = await listObjects(look, (own) => own === project);
  const services = containers.found.filter(({ lifecycle }) => lifecycle === "persistent");
  const settings = await Promise.all(services.slice(0, mostSettings).map((service) => describeSettings(look, service)));
  const asked = settings.flat();
  const isThere = [containers, networks, volumes].some(({ found }) => found.length > 0);
  return [
    `What there is of the project ${project} now${isThere ? ", perhaps from an earlier chat: take it up from there" : ""}. ${aboutData}`,
    "",
    ...section("Containers", containers, describeContainer),
    ...section("Networks", networks, ({ name, internal, purpose }) =>
      toFacts([name, internal ? "internal" : "leads out", purpose]),
    ),
    ...section("Volumes", volumes, ({ name, purpose }) => toFacts([name, purpose])),
    ...(asked.length === 0 ? [] : ["What its services were asked for:", ...toData(asked.join("\n"))]),
  ];
}

/** The names of all projects that something of the caller's belongs to. */
export async function listProjects(look: Look): Promise<string[]> {
  const { containers, networks, volumes } = await listObjects(look, (project) => project !== undefined);
  const all = [...containers.found, ...networks.found, ...volumes.found];
  return [...new Set(all.map(({ project = "" }) => project))].toSorted();
}

interface Listed<T> {
  readonly found: readonly T[];
  /** Why nothing is known of them. */
  readonly why?: string | undefined;
}

async function listObjects(look: Look, isWanted: (project: string | undefined) => boolean) {
  const list = async <T extends { readonly project?: string | undefined }>(kind: string): Promise<Listed<T>> => {
    const seen = await look(`${kind}_list`, { managed: true, ...(kind === "container" ? { all: true } : {}) });
    if (!seen.ok) return { found: [], why: seen.why };
    const objects = (seen.result as Record<string, T[]>)[`${kind}s`] ?? [];
    return { found: objects.filter(({ project }) => isWanted(project)) };
  };
  const [containers, networks, volumes] = await Promise.all([
    list<ContainerSummary>("container"),
    list<NetworkSummary>("network"),
    list<VolumeSummary>("volume"),
  ]);
  return { containers, networks, volumes };
}

function section<T>(title: string, { found, why }: Listed<T>, describe: (item: T) => string): string[] {
  if (why !== undefined) return [`${title}: not known, because listing them was not allowed. ${toReason(why)}`];
  if (found.length === 0) return [`${title}: none.`];
  return [`${title}: ${found.length}.`, ...toData(found.map(describe).join("\n"))];
}

function describeContainer(container: ContainerSummary): string {
  const { name, lifecycle, state, exitCode, image, networks, ports, purpose } = container;
  return toFacts([
    name,
    lifecycle === "persistent" ? "service" : "job",
    exitCode === undefined ? state : `${state} (${exitCode})`,
    image,
    `on ${networks.join(", ") || "no network"}`,
    ports.length === 0 ? undefined : `ports ${ports.join(", ")}`,
    purpose,
  ]);
}

/** What cos was asked for, so that a plan can keep it. A service that has vanished meanwhile has nothing to tell. */
async function describeSettings(look: Look, { id, name }: ContainerSummary): Promise<string[]> {
  try {
    const seen = await look("container_inspect", { container: id });
    const spec = seen.ok ? (seen.result as { spec?: object }).spec : undefined;
    return spec === undefined ? [] : [toFacts([name, JSON.stringify(withoutEmpty(spec))])];
  } catch (error) {
    if (CosError.from(error).code === "not_found") return [];
    throw error;
  }
}

/** Without the members that say nothing. */
function withoutEmpty(spec: object): object {
  return Object.fromEntries(
    Object.entries(spec).filter(([, value]) => typeof value !== "object" || Object.keys(value ?? {}).length > 0),
  );
}
