import type { ContainerHealth, ContainerState } from "@cos/core";
import type { ContainerBody } from "../api.ts";

const states: ReadonlySet<string> = new Set([
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
]);

/** What Podman says where Docker has another word, or none: what is stopping runs as yet. */
const podmanStates: ReadonlyMap<string, ContainerState> = new Map([
  ["configured", "created"],
  ["initialized", "created"],
  ["stopping", "running"],
  ["stopped", "exited"],
]);

export function toState(state: string): ContainerState {
  return states.has(state) ? (state as ContainerState) : (podmanStates.get(state) ?? "dead");
}

/** What the health check says; undefined when there is none. Podman says "" of containers without one. */
export function healthOf({ State }: ContainerBody): ContainerHealth | undefined {
  const status = (State.Health ?? State.Healthcheck)?.Status;
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : undefined;
}
