import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { ErrorCode } from "@modelcontextprotocol/sdk/types.js";
import { forRequest } from "../observe/client-request.ts";
import { invalidParams, ProtocolError, requestOf } from "../requests.ts";
import type { RunningCalls } from "../running-calls.ts";
import type { ServerParts } from "../server.ts";
import { fromError, fromOutcome } from "./answer.ts";
import { canBeAsked, withDialogs } from "./ask-client.ts";
import { toCall } from "./call.ts";
import { hintForArguments, hintForName } from "./hints.ts";
import { toProgress } from "./progress.ts";
import { inputSchemaOf, toTool } from "./tool.ts";
import { chooseTools } from "./toolsets.ts";

const listRequest = requestOf("tools/list");

/** Offers operations as tools. To the client there are no others. */
export function offerTools(server: Server, parts: ServerParts, calls: RunningCalls): void {
  const { controlPlane, caller, engines, tools = chooseTools(), withheld = [], trustsDialogs = false } = parts;
  const byName = new Map([...tools, ...withheld].map((operation) => [operation.name, operation]));
  const offered = new Set(byName.keys());
  server.setRequestHandler(listRequest, ({ params }) => {
    if (params["cursor"] !== undefined) throw invalidParams("There is no such `cursor`: one answer has all tools.");
    return { tools: tools.map((operation) => toTool(operation, engines)) };
  });
  // A handler of `tools/call` would get only what the SDK finds right, without what it drops. Here `perform` judges every
  // call, and so records each that it refuses.
  server.fallbackRequestHandler = async ({ method, params }, extra) => {
    if (method !== "tools/call") throw new ProtocolError(ErrorCode.MethodNotFound, "There is no such method.");
    const name = params?.["name"];
    const operation = typeof name === "string" ? byName.get(name) : undefined;
    const schema = operation && inputSchemaOf(operation);
    const read = toCall(params, { takesEngine: engines.length > 1, schema });
    const told = toProgress(extra);
    // What answers with what a program wrote tells of it meanwhile.
    const output = operation?.untrusted?.includes("stdout") === true ? told?.output : undefined;
    const call = { ...read, caller, offered, progress: told?.progress, output };
    const plane = forRequest(controlPlane, method, extra);
    const asking = trustsDialogs && canBeAsked(server.getClientCapabilities()) ? withDialogs(plane, extra) : plane;
    return await calls.run(extra.signal, async (signal) => {
      try {
        const outcome = await asking.perform({ ...call, signal });
        if (operation === undefined) return fromOutcome(outcome, { hint: hintForName(read.operation, tools) });
        return fromOutcome(outcome, { untrusted: operation.untrusted });
      } catch (error) {
        return fromError(error, operation && { hint: hintForArguments(operation, engines) });
      } finally {
        told?.end();
      }
    });
  };
}
