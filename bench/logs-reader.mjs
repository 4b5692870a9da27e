import { connectDocker } from "@cos/docker";

/** Reads a container's log in a process of its own, so that its peak memory is that of reading and nothing else. */
const [id = "", bytes = "0"] = process.argv.slice(2);
const engine = await connectDocker();
let seen = 0;
const start = performance.now();
for await (const { data } of engine.containers.logs(id)) seen += data.byteLength;
const ms = performance.now() - start;
await engine.close();
if (seen !== Number(bytes)) throw new Error(`${seen} bytes arrived instead of ${bytes}`);
console.log(JSON.stringify({ ms, peakMegabytes: process.resourceUsage().maxRSS / 1024 }));
