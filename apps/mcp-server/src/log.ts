import type { ControlPlane } from "@cos/control-plane";
import { printable } from "@cos/core";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { LoggingLevelSchema, SetLevelRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const levels = LoggingLevelSchema.options;

/**
 * Offers a log of what the client's calls do. A client hears nothing before it has said from which level on. How a call goes
 * is `info`.
 *
 * @returns the control plane to make the calls through.
 */
export function offerLog(server: Server, controlPlane: ControlPlane): ControlPlane {
  let heard: readonly string[] = [];
  server.setRequestHandler(SetLevelRequestSchema, ({ params: { level } }) => {
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
