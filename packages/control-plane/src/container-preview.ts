import type { Container } from "@cos/core";
import type { Preview } from "./operation.ts";
import type { ContainerTarget } from "./resolve.ts";
import { toSummary } from "./summary.ts";

/**
 * What would happen to a container that exists.
 *
 * @param deed the verb that a sentence about it begins with.
 * @param consequences what else there is to say, as sentences.
 */
export function previewContainer(
  deed: "Start" | "Restart" | "Stop" | "Recreate" | "Remove" | "Run a command in",
  { container, owner, image }: ContainerTarget,
  more: Readonly<Record<string, unknown>>,
  consequences: readonly string[] = [],
): Preview {
  const { id, name, details } = container;
  const { labels: _labels, ...summary } = toSummary(container);
  const whose = owner === undefined ? `${container.ownership.status}, not made by cos here` : `owned by ${owner}`;
  return {
    text: [
      `${deed} container ${name} (${id.slice(0, 12)}): image ${image ?? "unknown"}, ${toStanding(container)}, ${whose}.`,
      ...consequences,
    ].join(" "),
    changes: {
      action: deed === "Run a command in" ? "exec" : deed.toLowerCase(),
      container: {
        ...summary,
        ...(details?.startedAt === undefined ? {} : { startedAt: details.startedAt.toISOString() }),
      },
      ...more,
    },
  };
}

const units = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

function toStanding({ state, createdAt, details }: Container): string {
  const since = state === "running" ? (details?.startedAt ?? createdAt) : createdAt;
  const seconds = Math.max(0, Math.floor((Date.now() - since.getTime()) / 1000));
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  const count = Math.floor(seconds / length);
  return `${state}, ${state === "running" ? "started" : "made"} ${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
