import { readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";

/** Adds what Prometheus's own conventions name of a process, read when somebody asks and at no other time. */
export function addProcessMetrics(registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number) => {
    const collect = function (this: Gauge) {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  };
  registry.registerMetric(
    new Counter({
      name: "process_cpu_seconds_total",
      help: "User and system CPU time.",
      registers: [],
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    }),
  );
  gauge("process_start_time_seconds", "When the process started, since 1970.", () => performance.timeOrigin / 1000);
  gauge("process_resident_memory_bytes", "Memory that is in RAM.", () => process.memoryUsage.rss());
  gauge("nodejs_heap_size_used_bytes", "JavaScript's heap in use.", () => process.memoryUsage().heapUsed);
  if (process.platform === "linux") {
    // Without the one that reads this directory.
    gauge("process_open_fds", "Open files, sockets and pipes.", () => readdirSync("/proc/self/fd").length - 1);
  }
}
