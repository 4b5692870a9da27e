import { setTimeout as sleep } from "node:timers/promises";
import type { CallToolResult, Tool } from "@modelcontextprotocol/sdk/types.js";
import { type AskedTool, dialogs } from "./dialogs.ts";
import { audio, embedded, image, text } from "./samples.ts";

/** How long the suite wants a call to last between two messages of it, in milliseconds. */
const pauseMs = 50;

const noInput: Tool["inputSchema"] = { type: "object", properties: {} };

function answering(description: string, ...content: CallToolResult["content"]): AskedTool {
  return { description, inputSchema: noInput, run: () => Promise.resolve({ content }) };
}

const mixed = embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}');

/** The tools that the conformance suite calls, by name. */
export const tools: Readonly<Record<string, AskedTool>> = {
  ...dialogs,
  test_simple_text: answering("Answers with text.", text("This is a simple text response for testing.")),
  test_image_content: answering("Answers with a picture.", image),
  test_audio_content: answering("Answers with a sound.", audio),
  test_embedded_resource: answering(
    "Answers with a resource.",
    embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."),
  ),
  test_multiple_content_types: answering("Answers with several things.", text("Several things:"), image, mixed),
  test_error_handling: {
    description: "Fails.",
    inputSchema: noInput,
    run: () =>
      Promise.resolve({ isError: true, content: [text("This tool intentionally returns an error for testing")] }),
  },
  test_tool_with_logging: {
    description: "Sends messages for a log while it runs.",
    inputSchema: noInput,
    async run(_input, { sendNotification }) {
      const log = (data: string) =>
        sendNotification({ method: "notifications/message", params: { level: "info", data } });
      await log("Tool execution started");
      await sleep(pauseMs);
      await log("Tool processing data");
      await sleep(pauseMs);
      await log("Tool execution completed");
      return { content: [text("Three messages were sent.")] };
    },
  },
  test_tool_with_progress: {
    description: "Tells its progress.",
    inputSchema: noInput,
    async run(_input, { sendNotification, _meta }) {
      const progressToken = _meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
        await sleep(pauseMs);
      }
      return { content: [text("Everything is done.")] };
    },
  },
  test_reconnection: {
    description: "Ends the stream of its answer while it runs.",
    inputSchema: noInput,
    async run(_input, { closeSSEStream }) {
      closeSSEStream?.();
      await sleep(2 * pauseMs);
      return { content: [text("The stream ended before this answer.")] };
    },
  },
  json_schema_2020_12_tool: {
    description: "Has an input schema that says more than most.",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } },
      },
      properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
      additionalProperties: false,
    },
    run: () => Promise.resolve({ content: [text("It was called.")] }),
  },
};
