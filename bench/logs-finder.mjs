import { openControlPlane } from "@cos/control-plane";

/** Looks for lines in a container's whole log, as `container_logs` does, in a process of its own. */
const [container = "", grep = ""] = process.argv.slice(2);
const controlPlane = openControlPlane({ writer: "bench" });
const start = performance.now();
const { result } = await controlPlane.perform({
  operation: "container_logs",
  input: { container, grep },
  caller: { kind: "script", name: "bench", hostRoots: [] },
});
const ms = performance.now() - start;
await controlPlane.close();
if (result.output !== "last line\n") throw new Error(`it found ${JSON.stringify(result.output)}`);
console.log(JSON.stringify({ ms, peakMegabytes: process.resourceUsage().maxRSS / 1024 }));
