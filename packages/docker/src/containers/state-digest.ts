import { type ContainerDetails, digestOf } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import { toConfiguration } from "./configuration.ts";
import { healthOf } from "./state.ts";

/** The details of a container that was looked at. */
export function toDetails(body: ContainerBody): ContainerDetails {
  const { StartedAt, FinishedAt, Running } = body.State;
  return {
    startedAt: isTime(StartedAt) ? new Date(StartedAt) : undefined,
    previousEndAt: Running && isTime(FinishedAt) ? new Date(FinishedAt) : undefined,
    stateDigest: stateDigestOf(body),
    health: healthOf(body),
    restarts: body.RestartCount ?? 0,
    oomKilled: body.State.OOMKilled,
    configuration: toConfiguration(body),
  };
}

/**
 * A digest over everything that somebody can have changed about a container. What changes by itself is left out:
 * health, addresses, and the time of a start that was the engine's own, as its restart count tells.
 */
function stateDigestOf(body: ContainerBody): string {
  const { HostConfig, NetworkSettings, RestartCount = 0, State } = body;
  const networks = Object.entries(NetworkSettings.Networks ?? {});
  return digestOf({
    id: body.Id,
    name: body.Name,
    imageId: body.Image,
    config: withoutEmpty(body.Config),
    // Engines list the links in another order each time.
    hostConfig: withoutEmpty({ ...HostConfig, Links: HostConfig.Links?.toSorted() }),
    networks: Object.fromEntries(networks.map(([name, { NetworkID }]) => [name, NetworkID ?? ""])),
    startedAt: RestartCount > 0 ? undefined : State.StartedAt,
  });
}

/** Engines that come back write `[]` for what was `null` before. */
function withoutEmpty(members: object): object {
  const isEmpty = (value: unknown) => value === null || (typeof value === "object" && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)));
}

/** Docker's time that never was is in the year 1. */
function isTime(text: string): boolean {
  return text !== "" && !text.startsWith("0001-");
}
