import type { ControlPlane } from "@cos/control-plane";
import { printable } from "@cos/core";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { LoggingLevelSchema } from "@modelcontextprotocol/sdk/types.js";
import { invalidParams, requestOf } from "./requests.ts";

const levels: readonly string[] = LoggingLevelSchema.options;
const levelRequest = requestOf("logging/setLevel");

/**
 * Offers a log of what the client's calls do. A client hears nothing before it has said from which level on. How a call goes
 * is `info`.
 *
 * @returns the control plane to make the calls through.
 */
export function offerLog(server: Server, controlPlane: ControlPlane): ControlPlane {
  let heard: readonly string[] = [];
  server.setRequestHandler(levelRequest, ({ params: { level } }) => {
    if (typeof level !== "string" || !levels.includes(level))
      throw invalidParams(`\`level\` has to be one of ${levels.join(", ")}.`);
    heard = levels.slice(levels.indexOf(level));
    return {};
  });
  return {
    ...controlPlane,
    async perform(call) {
      if (!heard.includes("info")) return await controlPlane.perform(call);
      return await controlPlane.perform({
        ...call,
        progress(event) {
          call.progress?.(event);
          const params = { level: "info" as const, logger: call.operation, data: printable(event.message) };
          // It fails when the client has gone, which is noticed elsewhere.
          server.notification({ method: "notifications/message", params }).catch(() => undefined);
        },
      });
    },
  };
}
