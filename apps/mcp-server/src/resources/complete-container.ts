import type { ContainerSummary } from "@cos/control-plane";
import type { Ask } from "./ask.ts";

/** The containers that begin so: their names, and once there is something to compare also their ids. */
export async function completeContainer(ask: Ask, value: string): Promise<readonly string[]> {
  const { containers } = (await ask("container_list", { all: true })) as { containers: readonly ContainerSummary[] };
  // What is called cos-web was given the name web.
  const names = containers
    .map(({ name }) => name)
    .filter((name) => name.startsWith(value) || name.startsWith(`cos-${value}`));
  const ids = value === "" ? [] : containers.map(({ id }) => id).filter((id) => id.startsWith(value));
  return [...names, ...ids];
}
