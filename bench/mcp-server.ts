// mcp-server.ts http|stdio [log]: the MCP server with policy and audit, on an engine that answers at once, so that what is
// measured is cos alone. With `log`, a line is written for every call and numbers are kept for Prometheus, as `cos serve` does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Caller } from "@cos/control-plane";
import type { Engine } from "@cos/core";
import { defaultRules } from "@cos/policy";
// @boundaries-ignore the app keeps it to itself, and it is measured without a process around it
import { anybodyAs } from "../apps/mcp-server/src/http/authenticate.ts";
// @boundaries-ignore the app keeps it to itself, and it is measured without a process around it
import { serveHttp } from "../apps/mcp-server/src/http/serve-http.ts";
// @boundaries-ignore the app keeps it to itself, and it is measured without a process around it
import { openObservation } from "../apps/mcp-server/src/observe/observation.ts";
// @boundaries-ignore the app keeps it to itself, and it is measured without a process around it
import { serveStdio } from "../apps/mcp-server/src/stdio.ts";
import { controlPlaneOn } from "./control-plane.ts";

const [transport, log] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), "cos-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true }));
process.on("disconnect", () => process.exit());
process.on("message", () => process.send?.(process.cpuUsage()));

const answer = { version: "1", apiVersion: "1", latencyMs: 1 };
const engine = { name: "local", driver: "none", ping: async () => answer } as unknown as Engine;
const controlPlane = controlPlaneOn(engine, directory, defaultRules);
const engines = ["local"];
const observation = await openObservation({
  env: {},
  log: log === undefined ? undefined : { format: "text", level: "info" },
  metrics: log === undefined ? undefined : { engines, answers: async () => true },
});
const parts = { controlPlane: observation.observe(controlPlane), engines };
const caller: Caller = { kind: transport === "stdio" ? "stdio" : "http", name: "bench", hostRoots: [] };
if (transport === "stdio") {
  void serveStdio({ ...parts, caller }, new AbortController().signal);
} else {
  const { url } = await serveHttp(parts, {
    host: "127.0.0.1",
    port: 0,
    authenticate: anybodyAs(caller),
    limits: { ratePerSecond: 1e9 },
    events: observation.events,
  });
  process.send?.({ url });
}
