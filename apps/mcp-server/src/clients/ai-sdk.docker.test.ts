import { createMCPClient, ElicitationRequestSchema, type MCPClientConfig } from "@ai-sdk/mcp";
import { StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeClient, type ForeignClient } from "./describe-client.ts";
import { toAnswer, toText } from "./run-client.ts";
import { type Served, serveClients } from "./served.ts";

type Transport = MCPClientConfig["transport"];

const ways: [string, (served: Served) => Transport][] = [
  ["HTTP", ({ url, authorization }) => ({ type: "http", url, headers: { Authorization: authorization } })],
  [
    "standard input and output",
    ({ command: [command, ...args], serverEnv: env }) => new StdioMCPTransport({ command, args, env }),
  ],
];

/** What the user of a client does with a question. */
type Answering = (question: string) => "accept" | "decline";

/** The tools as a model is given them, and called as the AI SDK calls them for it. */
async function connect(transport: Transport, answering?: Answering): Promise<ForeignClient> {
  const client = await createMCPClient({
    transport,
    ...(answering === undefined ? {} : { capabilities: { elicitation: {} } }),
  });
  if (answering !== undefined)
    client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => ({ action: answering(params.message) }));
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

for (const [way, to] of ways) describeClient(`the AI SDK over ${way}`, (served) => connect(to(served)));

describe.each(ways)("the AI SDK with dialogs that the operator trusts, over %s", (_way, to) => {
  let served: Served;
  beforeAll(async () => {
    served = await serveClients({ trustsDialogs: true });
  });
  afterAll(() => served?.[Symbol.asyncDispose]());

  test.each([
    ["accept", { failed: false, envelope: { status: "done" } }],
    ["decline", { failed: true, envelope: { status: "denied" } }],
  ] as const)("asks its user within the call, who may %s", async (action, answer) => {
    const questions: string[] = [];
    await using client = await connect(to(served), (question) => {
      questions.push(question);
      return action;
    });
    const restart = { container: served.service, graceSeconds: 0 };
    expect(await client.call("container_restart", restart)).toMatchObject(answer);
    expect(questions).toEqual([expect.stringContaining(`Restart container cos-${served.service}`)]);
  });
});
