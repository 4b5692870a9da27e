import { defineWorkload } from "@cos/core";
import { connectDocker } from "@cos/docker";

/** Reads a job's output in a process of its own, so that its peak memory is that of reading and nothing else. */
const [command = "", bytes = "0"] = process.argv.slice(2);
const engine = await connectDocker();
let seen = 0;
const start = performance.now();
await engine.jobs.run(
  { spec: defineWorkload({ env: { image: "busybox" }, command }), owner: "bench" },
  {
    output: ({ data }) => {
      seen += data.byteLength;
    },
  },
);
const ms = performance.now() - start;
await engine.close();
if (seen !== Number(bytes)) throw new Error(`${seen} bytes arrived instead of ${bytes}`);
console.log(JSON.stringify({ ms, peakMegabytes: process.resourceUsage().maxRSS / 1024 }));
