import { printable, type ProgressEvent } from "@cos/core";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";

/** Passes progress on to a client that asked for it. */
export function toProgress({ _meta, sendNotification }: RequestHandlerExtra<ServerRequest, ServerNotification>) {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  return ({ message }: ProgressEvent) => {
    const params = { progressToken, progress: ++progress, message: printable(message) };
    // It fails when the client has gone, which is noticed elsewhere.
    sendNotification({ method: "notifications/progress", params }).catch(() => undefined);
  };
}
