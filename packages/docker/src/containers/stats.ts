import { type CallOptions, type ContainerStats, CosError } from "@cos/core";
import type { StatsBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { assertFullId, noSuchContainer } from "./inspect.ts";

const nanosPerSecond = 1_000_000_000;
/** The engine measures twice, a second apart, and may be busy. Milliseconds. */
const deadlineMs = 30_000;

/**
 * What a container uses now.
 *
 * @throws CosError `invalid_argument`, `not_found`; `failed_precondition` when it does not run.
 */
export async function readStats(
  client: EngineClient,
  id: string,
  { signal }: CallOptions = {},
): Promise<ContainerStats> {
  assertFullId(id);
  try {
    const query = { stream: false };
    const request = { query, deadlineMs, signal };
    const body = await client.call<StatsBody | undefined>("GET", ["containers", id, "stats"], request);
    // Of what ends between the two measurements, some engines say nothing at all.
    if (body === undefined) throw doesNotRun();
    return toStats(body);
  } catch (error) {
    throw refusalStatus(error) === 404 ? noSuchContainer(id) : error;
  }
}

/**
 * The numbers in an engine's account, with either version of cgroups, as the docker CLI shows them.
 *
 * @throws CosError `failed_precondition` for an account of a container that does not run.
 */
export function toStats(body: StatsBody): ContainerStats {
  const { cpu_stats: cpu, precpu_stats: before, memory_stats: memory = {}, pids_stats: pids = {} } = body;
  // Of what does not run, engines give an account of nothing, at a time that never was.
  if (body.read.startsWith("0001-") || cpu?.cpu_usage?.total_usage === undefined || memory.limit === undefined) {
    throw doesNotRun();
  }
  const used = cpu.cpu_usage.total_usage;
  const ran = used - (before?.cpu_usage?.total_usage ?? 0);
  const passed = (cpu.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const cpus = cpu.online_cpus ?? cpu.cpu_usage.percpu_usage?.length ?? 1;
  const memoryBytes = (memory.usage ?? 0) - fileCacheOf(memory);
  const networks = Object.values(body.networks ?? {});
  return {
    at: new Date(body.read),
    cpuPercent: ran > 0 && passed > 0 ? round((ran / passed) * cpus * 100) : 0,
    cpuSeconds: used / nanosPerSecond,
    memoryBytes,
    memoryLimitBytes: memory.limit,
    memoryPercent: memory.limit > 0 ? round((memoryBytes / memory.limit) * 100) : 0,
    pids: pids.current ?? 0,
    networkReceivedBytes: sum(networks.map(({ rx_bytes = 0 }) => rx_bytes)),
    networkSentBytes: sum(networks.map(({ tx_bytes = 0 }) => tx_bytes)),
    blockReadBytes: blockBytes(body, "read"),
    blockWrittenBytes: blockBytes(body, "write"),
  };
}

function doesNotRun(): CosError {
  return new CosError("failed_precondition", "The container does not run, so it uses nothing.", {
    hint: "Start it first.",
  });
}

/** Pages of files that nobody has used lately: the first version of cgroups counts them with those of the groups below. */
function fileCacheOf({ usage = 0, stats = {} }: NonNullable<StatsBody["memory_stats"]>): number {
  const inactive = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
  return inactive < usage ? inactive : 0;
}

function blockBytes({ blkio_stats: blocks }: StatsBody, kind: "read" | "write"): number {
  const entries = blocks?.io_service_bytes_recursive ?? [];
  return sum(entries.filter(({ op }) => op.toLowerCase() === kind).map(({ value }) => value));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** To hundredths. */
function round(percent: number): number {
  return Math.round(percent * 100) / 100;
}
