import type { Container } from "@cos/core";
import * as z from "zod";
import type { Caller } from "./caller.ts";
import { once } from "./once.ts";

/** A container as operations answer with it. */
export const containerSummary = once(() =>
  z.strictObject({
    id: z.string(),
    name: z.string(),
    image: z.string().describe("The reference that was asked for, where cos knows it; else as the engine shows it."),
    state: z.enum(["created", "running", "paused", "restarting", "removing", "exited", "dead"]),
    exitCode: z.int().optional(),
    createdAt: z.string().describe("ISO 8601."),
    ports: z.array(z.string()).describe('e.g. "127.0.0.1:8080->80/tcp".'),
    networks: z.array(z.string()),
    ownership: z.enum(["managed", "foreign", "unmanaged"]),
    owner: z.string().optional(),
    lifecycle: z.enum(["ephemeral", "persistent"]).optional(),
    purpose: z.string().optional(),
    project: z.string().optional(),
    expiresAt: z.string().optional().describe("When it may be removed, ISO 8601."),
    labels: z.record(z.string(), z.string()),
  }),
);

/** What a change leaves of a container, as operations answer with it. */
export const containerState = once(() =>
  containerSummary().pick({
    id: true,
    name: true,
    image: true,
    state: true,
    exitCode: true,
    ports: true,
    ownership: true,
    owner: true,
  }),
);

export type ContainerState = z.output<ReturnType<typeof containerState>>;

export function toState(container: Container): ContainerState {
  const { id, name, image, state, exitCode, ports, ownership, owner } = toSummary(container);
  return {
    id,
    name,
    image,
    state,
    ports,
    ownership,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(owner === undefined ? {} : { owner }),
  };
}

export type ContainerSummary = z.output<ReturnType<typeof containerSummary>>;

/** Whether a caller may know of an object: agents see their own and unmanaged ones, people see all. */
export function isVisible({ ownership }: Pick<Container, "ownership">, caller: Caller): boolean {
  if (caller.kind !== "stdio" && caller.kind !== "http") return true;
  return ownership.status !== "managed" || ownership.labels.owner === caller.name;
}

export function toSummary(container: Container): ContainerSummary {
  const { ownership } = container;
  return {
    id: container.id,
    name: container.name,
    image: (ownership.status === "managed" && ownership.labels.image) || container.image,
    state: container.state,
    ...(container.exitCode === undefined ? {} : { exitCode: container.exitCode }),
    createdAt: container.createdAt.toISOString(),
    ports: container.ports.map(
      ({ hostAddress, hostPort, containerPort, protocol }) =>
        `${hostAddress}:${hostPort}->${containerPort}/${protocol}`,
    ),
    networks: [...container.networks],
    ownership: ownership.status,
    ...(ownership.status === "managed" ? managedPart(ownership.labels) : {}),
    labels: { ...container.labels },
  };
}

function managedPart({
  owner,
  lifecycle,
  purpose,
  project,
  createdAt,
  ttlSeconds,
}: Extract<Container["ownership"], { status: "managed" }>["labels"]) {
  return {
    owner,
    lifecycle,
    ...(purpose === "" ? {} : { purpose }),
    ...(project === "" ? {} : { project }),
    ...(ttlSeconds === undefined ? {} : { expiresAt: new Date(createdAt.getTime() + ttlSeconds * 1000).toISOString() }),
  };
}

/** One line about a container. */
export function formatState({ id, name, image, state, exitCode, ownership, owner, ports }: ContainerState): string {
  const ended = exitCode === undefined ? "" : ` (${exitCode})`;
  return [id.slice(0, 12), name, image, `${state}${ended}`, owner ?? ownership, ...ports].join("  ");
}
