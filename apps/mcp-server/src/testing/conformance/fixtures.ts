import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { prompts } from "./prompts.ts";
import { readResource, resources, templates } from "./resources.ts";
import { tools } from "./tools.ts";

/**
 * Offers what the public conformance suite asks a server for: its tools beside the server's own, its resources and its
 * prompts instead of them. How messages get there and back is the server's.
 */
export function offerFixtures(server: Server): void {
  server.registerCapabilities({ logging: {}, completions: {}, prompts: {}, resources: { subscribe: true } });
  const { fallbackRequestHandler: own } = server;

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.entries(tools).map(([name, { description, inputSchema }]) => ({ name, description, inputSchema })),
  }));
  server.fallbackRequestHandler = async (request, extra) => {
    const { name, arguments: input = {} } = (request.params ?? {}) as { name?: string; arguments?: Input };
    const tool = request.method === "tools/call" && Object.hasOwn(tools, name ?? "") ? tools[name ?? ""] : undefined;
    if (tool !== undefined) return await tool.run(input, extra);
    if (own === undefined) throw new McpError(ErrorCode.MethodNotFound, "There is no such method.");
    return await own(request, extra);
  };

  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: templates }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => readResource(params.uri));
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));

  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: Object.entries(prompts).map(([name, { description, arguments: names }]) => ({
      name,
      description,
      arguments: names.map((argument) => ({ name: argument, required: true })),
    })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    const prompt = Object.hasOwn(prompts, params.name) ? prompts[params.name] : undefined;
    if (prompt === undefined) throw new McpError(ErrorCode.InvalidParams, "There is no such prompt.");
    return { messages: prompt.messages(params.arguments ?? {}) };
  });
  server.setRequestHandler(CompleteRequestSchema, () => ({ completion: { values: [], hasMore: false } }));
  server.setRequestHandler(SetLevelRequestSchema, () => ({}));
}

type Input = Readonly<Record<string, unknown>>;
