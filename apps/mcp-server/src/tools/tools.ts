import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { ErrorCode, ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";
import type { ServerParts } from "../server.ts";
import { fromError, fromOutcome } from "./answer.ts";
import { toCall } from "./call.ts";
import { toProgress } from "./progress.ts";
import { toTool } from "./tool.ts";
import { chooseTools } from "./toolsets.ts";

/** The calls of one client. */
export interface RunningCalls {
  /** Cancels every call, also those that still come. They are answered nevertheless. */
  readonly cancel: () => void;
  /** Resolves when no call runs any more. */
  readonly settled: () => Promise<void>;
}

/** Offers operations as tools. To the client there are no others. */
export function offerTools(server: Server, parts: ServerParts): RunningCalls {
  const { controlPlane, caller, engines, tools = chooseTools() } = parts;
  const offered = new Set(tools.map(({ name }) => name));
  const running = new Map<Promise<unknown>, AbortController>();
  let cancelled = false;

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map((operation) => toTool(operation, engines)),
  }));
  // A handler of `tools/call` would get only what the SDK finds right, without what it drops. Here `perform` judges every
  // call, and so records each that it refuses.
  server.fallbackRequestHandler = async ({ method, params }, extra) => {
    if (method !== "tools/call") throw new McpError(ErrorCode.MethodNotFound, "There is no such method.");
    const abort = new AbortController();
    // Without the client's words for why, which are no error.
    const abandon = () => abort.abort();
    if (cancelled || extra.signal.aborted) abandon();
    else extra.signal.addEventListener("abort", abandon, { once: true });
    const answer = controlPlane
      .perform({
        ...toCall(params, engines.length > 1),
        caller,
        offered,
        progress: toProgress(extra),
        signal: abort.signal,
      })
      .then(fromOutcome)
      .catch(fromError)
      .finally(() => running.delete(answer));
    running.set(answer, abort);
    return await answer;
  };

  return {
    cancel: () => {
      cancelled = true;
      for (const abort of running.values()) abort.abort();
    },
    settled: async () => void (await Promise.all(running.keys())),
  };
}
