import * as z from "zod";
import { byteSize } from "./sizes.ts";

/**
 * What a workload may use at most. Every limit is always set on the engine. The lower bounds are the least
 * that Docker and runc start a process with (6 MiB of memory, 0.01 CPU).
 */
export const limitsSpec = z.strictObject({
  cpus: z.number().min(0.01).max(1024).optional().describe("CPUs; default 2, at most the engine's."),
  memory: byteSize("6m", "4096g")
    .optional()
    .describe("Memory without swap, e.g. 512m; default 2g, at most the engine's."),
  pids: z.int().min(1).max(65_536).default(512).describe("Processes and threads."),
  tmpfs: byteSize("4k", "64g").default("64m").describe("Size of each tmpfs that names none."),
  log: byteSize("64k", "4g").default("32m").describe("Output the engine keeps for a detached workload."),
});

export type LimitsSpec = z.output<typeof limitsSpec>;
