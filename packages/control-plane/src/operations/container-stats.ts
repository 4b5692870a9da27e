import { type Container, CosError, type Engine } from "@cos/core";
import * as z from "zod";
import { formatBytes } from "../format-bytes.ts";
import { defineOperation } from "../operation.ts";
import { containerReference, type ContainerTarget, resolveContainer } from "../resolve.ts";
import { isVisible } from "../summary.ts";

/** Containers that are measured at a time. Each takes a second or two, in which it costs the engine little. */
const concurrency = 16;

const bytes = () => z.number().min(0);

export const containerStats = defineOperation({
  name: "container_stats",
  title: "Measure what containers use",
  description:
    "Measures what running containers use now: CPU, memory, processes, network and disk traffic, as numbers whose names say the unit. Give `container` for one, or leave it out for all running ones that the caller may see. Use it to find out what is busy or near its memory limit; use container_inspect for the limits themselves, and engine_info for the disk. It changes nothing, and takes a second or two. A container that does not run is refused.",
  effect: "read",
  input: () =>
    z.strictObject({
      container: containerReference().optional().describe("One container, named as elsewhere. Default: all that run."),
    }),
  output: () =>
    z.strictObject({
      containers: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          at: z.string().describe("When it was measured, ISO 8601."),
          cpuPercent: z.number().min(0).describe("Of one CPU: two busy ones are 200."),
          cpuSeconds: z.number().min(0).describe("Since it started."),
          memoryBytes: bytes().describe("Without the cache of files."),
          memoryLimitBytes: bytes(),
          memoryPercent: z.number().min(0),
          pids: z.int().min(0).describe("Processes and threads."),
          networkReceivedBytes: bytes(),
          networkSentBytes: bytes(),
          blockReadBytes: bytes(),
          blockWrittenBytes: bytes(),
        }),
      ),
    }),
  target: async (context, { container }): Promise<ContainerTarget | undefined> =>
    container === undefined ? undefined : await resolveContainer(context, container),
  run: async ({ engine, caller, signal }, _, target) => {
    if (target !== undefined) return { containers: [await measure(engine, target.container, signal)] };
    const all = await engine.containers.list({}, { signal });
    const running = all.filter((container) => container.state === "running" && isVisible(container, caller));
    const measured = await measureAll(engine, running, signal);
    return { containers: measured.toSorted((one, other) => (one.name < other.name ? -1 : 1)) };
  },
  format: ({ containers }) =>
    containers.length === 0
      ? "No container runs."
      : containers
          .map(
            ({ name, cpuPercent, memoryBytes, memoryLimitBytes, pids }) =>
              `${name}  ${cpuPercent} % CPU  ${formatBytes(memoryBytes)} of ${formatBytes(memoryLimitBytes)}  ${pids} processes`,
          )
          .join("\n"),
});

async function measure(engine: Engine, { id, name }: Container, signal: AbortSignal) {
  const { at, ...stats } = await engine.containers.stats(id, { signal });
  return { id, name, at: at.toISOString(), ...stats };
}

/** Leaves out those that end in the meantime. */
async function measureAll(engine: Engine, running: readonly Container[], signal: AbortSignal) {
  const measured: Awaited<ReturnType<typeof measure>>[] = [];
  const waiting = running.values();
  const work = async () => {
    for (const container of waiting) {
      try {
        measured.push(await measure(engine, container, signal));
      } catch (error) {
        const { code } = CosError.from(error);
        if (code !== "not_found" && code !== "failed_precondition") throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return measured;
}
