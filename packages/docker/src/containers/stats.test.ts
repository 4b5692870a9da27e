import { describe, expect, test } from "vitest";
import type { StatsBody } from "../api.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readStats, toStats } from "./stats.ts";

/** As Docker 20.10 answers on cgroup version 1. */
const versionOne: StatsBody = {
  read: "2026-01-02T00:00:01.5Z",
  cpu_stats: {
    cpu_usage: { total_usage: 3_500_000_000, percpu_usage: [2_000_000_000, 1_500_000_000] },
    system_cpu_usage: 102_000_000_000,
    online_cpus: 2,
  },
  precpu_stats: {
    cpu_usage: { total_usage: 3_000_000_000, percpu_usage: [1_700_000_000, 1_300_000_000] },
    system_cpu_usage: 100_000_000_000,
    online_cpus: 2,
  },
  memory_stats: {
    usage: 50_000_000,
    limit: 100_000_000,
    stats: { inactive_file: 5_000_000, total_inactive_file: 10_000_000 },
  },
  pids_stats: { current: 3 },
  networks: { eth0: { rx_bytes: 100, tx_bytes: 10 }, eth1: { rx_bytes: 20, tx_bytes: 2 } },
  blkio_stats: {
    io_service_bytes_recursive: [
      { op: "Read", value: 4096 },
      { op: "Write", value: 512 },
      { op: "Read", value: 4096 },
      { op: "Total", value: 8704 },
    ],
  },
};

/** As later engines answer on version 2, which knows no use of single CPUs and writes small letters. */
const versionTwo: StatsBody = {
  ...versionOne,
  cpu_stats: { ...versionOne.cpu_stats, cpu_usage: { total_usage: 3_500_000_000 } },
  precpu_stats: { ...versionOne.precpu_stats, cpu_usage: { total_usage: 3_000_000_000 } },
  memory_stats: { usage: 50_000_000, limit: 100_000_000, stats: { inactive_file: 10_000_000, anon: 1 } },
  blkio_stats: {
    io_service_bytes_recursive: [
      { op: "read", value: 8192 },
      { op: "write", value: 512 },
    ],
  },
};

describe("what an engine says that a container uses", () => {
  test.each([
    ["1", versionOne],
    ["2", versionTwo],
  ])("is the same on version %s of cgroups", (_version, body) => {
    expect(toStats(body)).toEqual({
      at: new Date("2026-01-02T00:00:01.5Z"),
      cpuPercent: 50,
      cpuSeconds: 3.5,
      memoryBytes: 40_000_000,
      memoryLimitBytes: 100_000_000,
      memoryPercent: 40,
      pids: 3,
      networkReceivedBytes: 120,
      networkSentBytes: 12,
      blockReadBytes: 8192,
      blockWrittenBytes: 512,
    });
  });

  test("counts CPUs by their own use where the engine does not say how many there are", () => {
    const { online_cpus: _count, ...cpu } = versionOne.cpu_stats ?? {};
    expect(toStats({ ...versionOne, cpu_stats: cpu }).cpuPercent).toBe(50);
  });

  test("may have no network, no blocks and no cache", () => {
    const memory_stats = { usage: 10, limit: 100 };
    expect(toStats({ ...versionOne, networks: null, blkio_stats: {}, memory_stats })).toMatchObject({
      networkReceivedBytes: 0,
      blockReadBytes: 0,
      memoryBytes: 10,
    });
  });

  test("is a failure when it ends before it is measured, of which engines say nothing", async () => {
    const client = { call: async () => undefined } as unknown as EngineClient;
    await expect(readStats(client, "0".repeat(64))).rejects.toMatchObject({ code: "failed_precondition" });
  });

  test("is a failure when it does not run", () => {
    const nothing = { read: "0001-01-01T00:00:00Z", cpu_stats: { cpu_usage: { total_usage: 0 } }, memory_stats: {} };
    expect(() => toStats(nothing)).toThrow(expect.objectContaining({ code: "failed_precondition" }));
  });
});
