import { createMCPClient, type MCPClientConfig } from "@ai-sdk/mcp";
import { StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";
import { describeClient, type ForeignClient } from "./describe-client.ts";
import { toAnswer, toText } from "./run-client.ts";

/** The tools as a model is given them, and called as the AI SDK calls them for it. */
async function connect(transport: MCPClientConfig["transport"]): Promise<ForeignClient> {
  const client = await createMCPClient({ transport });
  const tools = await client.tools();
  return {
    listTools: () => Promise.resolve(Object.keys(tools)),
    async call(name, input) {
      const answer = await tools[name]?.execute(input, { toolCallId: "1", messages: [], context: {} });
      return toAnswer(answer);
    },
    read: async (uri) => toText(await client.readResource({ uri })),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

describeClient("the AI SDK over HTTP", ({ url, authorization }) =>
  connect({ type: "http", url, headers: { Authorization: authorization } }),
);

describeClient("the AI SDK over standard input and output", ({ command: [command, ...args], serverEnv: env }) =>
  connect(new StdioMCPTransport({ command, args, env })),
);
