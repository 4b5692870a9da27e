import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { FindComplete } from "../completion.ts";
import { forRequest } from "../observe/client-request.ts";
import { invalidParams, requestOf, toProtocolError } from "../requests.ts";
import type { RunningCalls } from "../running-calls.ts";
import type { ServerParts } from "../server.ts";

const [listRequest, getRequest] = [requestOf("prompts/list"), requestOf("prompts/get")];

/** Offers the prompts, and answers with what completes their arguments. They are loaded when a client first asks. */
export function offerPrompts(server: Server, parts: ServerParts, calls: RunningCalls): FindComplete {
  server.setRequestHandler(listRequest, async ({ params }) => {
    if (params["cursor"] !== undefined) throw invalidParams("There is no such `cursor`: one answer has all prompts.");
    const { listPrompts } = await import("./get-prompt.ts");
    return { prompts: listPrompts(parts.engines) };
  });
  server.setRequestHandler(getRequest, async ({ params }, extra) => {
    const { getPrompt } = await import("./get-prompt.ts");
    const controlPlane = forRequest(parts.controlPlane, "prompts/get", extra, params);
    return await calls
      .run(extra.signal, (signal) => getPrompt(params, { ...parts, controlPlane }, signal))
      .catch((error: unknown) => Promise.reject(toProtocolError(error)));
  });
  return async (name) => (await import("./get-prompt.ts")).findCompletion(name, parts);
}
