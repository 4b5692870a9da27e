import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { ErrorCode, ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";
import { forRequest } from "../observe/client-request.ts";
import type { RunningCalls } from "../running-calls.ts";
import type { ServerParts } from "../server.ts";
import { fromError, fromOutcome } from "./answer.ts";
import { toCall } from "./call.ts";
import { toProgress } from "./progress.ts";
import { toTool } from "./tool.ts";
import { chooseTools } from "./toolsets.ts";

/** Offers operations as tools. To the client there are no others. */
export function offerTools(server: Server, parts: ServerParts, calls: RunningCalls): void {
  const { controlPlane, caller, engines, tools = chooseTools() } = parts;
  const offered = new Set(tools.map(({ name }) => name));
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map((operation) => toTool(operation, engines)),
  }));
  // A handler of `tools/call` would get only what the SDK finds right, without what it drops. Here `perform` judges every
  // call, and so records each that it refuses.
  server.fallbackRequestHandler = async ({ method, params }, extra) => {
    if (method !== "tools/call") throw new McpError(ErrorCode.MethodNotFound, "There is no such method.");
    const call = { ...toCall(params, engines.length > 1), caller, offered, progress: toProgress(extra) };
    return await calls.run(extra.signal, (signal) =>
      forRequest(controlPlane, method, extra)
        .perform({ ...call, signal })
        .then(fromOutcome)
        .catch(fromError),
    );
  };
}
