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

/** Podman says "configured" and "stopped" where Docker says "created" and "exited". */
export function toState(state: string): ContainerState {
  if (states.has(state)) return state as ContainerState;
  return state === "configured" || state === "initialized" ? "created" : state === "stopped" ? "exited" : "dead";
}

/** What the health check says; undefined when there is none. Podman says "" of containers without one. */
export function healthOf({ State }: ContainerBody): ContainerHealth | undefined {
  const status = (State.Health ?? State.Healthcheck)?.Status;
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : undefined;
}
