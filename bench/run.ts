import { describeMachine } from "./rounds.ts";

const benches: Readonly<Record<string, () => Promise<void>>> = {
  job: async () => (await import("./job.ts")).benchJob(),
  process: async () => (await import("./process.ts")).benchProcess(),
  exec: async () => (await import("./exec.ts")).benchExec(),
  output: async () => (await import("./output.ts")).benchOutput(),
  logs: async () => (await import("./logs.ts")).benchLogs(),
  demux: async () => (await import("./demux.ts")).benchDemux(),
  governance: async () => (await import("./governance.ts")).benchGovernance(),
  list: async () => (await import("./list.ts")).benchList(),
  gc: async () => (await import("./gc.ts")).benchGc(),
  context: async () => (await import("./context.ts")).benchContext(),
  build: async () => (await import("./build.ts")).benchBuild(),
  transfer: async () => (await import("./transfer.ts")).benchTransfer(),
  mcp: async () => (await import("./mcp.ts")).benchMcp(),
  concurrency: async () => (await import("./concurrency.ts")).benchConcurrency(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no bench named ${unknown.join(", ")}. There are: ${Object.keys(benches).join(", ")}.`);
  process.exit(2);
}
console.log(describeMachine());
for (const name of asked.length === 0 ? Object.keys(benches) : asked) await benches[name]?.();
