import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRuntime } from "mcporter";
import { describeClient, type ForeignClient } from "./describe-client.ts";
import { runClient, toAnswer, toText } from "./run-client.ts";
import type { Served } from "./served.ts";

const isError = (shown: unknown) => (shown as { isError?: boolean }).isError === true;

/** Its command line, told by its configuration file where the server is. Every call is a process, which connects anew. */
function withCli(served: Served): ForeignClient {
  const config = join(served.home, "mcporter.json");
  const cos = { baseUrl: served.url, headers: { Authorization: served.authorization } };
  writeFileSync(config, JSON.stringify({ mcpServers: { cos }, imports: [] }));
  const ask = async (...args: string[]) => {
    const { stdout, stderr } = await runClient("mcporter", ["--config", config, ...args], served);
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as unknown;
  };
  return {
    async listTools() {
      const { tools } = (await ask("list", "cos", "--json")) as { tools: { name: string }[] };
      return tools.map(({ name }) => name);
    },
    async call(tool, input) {
      const shown = await ask("call", `cos.${tool}`, "--output", "json", "--args", JSON.stringify(input));
      // It shows all of an error, and of everything else the data alone.
      return toAnswer(isError(shown) ? shown : { content: [], structuredContent: shown });
    },
    read: async (uri) => toText(await ask("resource", "cos", uri, "--output", "json")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The library that it is made of, which keeps a server that it has started. */
async function withRuntime({ command: [command, ...args], serverEnv: env, home: cwd }: Served): Promise<ForeignClient> {
  const server = { name: "cos", command: { kind: "stdio" as const, command, args, cwd }, env };
  const runtime = await createRuntime({ servers: [server] });
  return {
    listTools: async () => (await runtime.listTools("cos")).map(({ name }) => name),
    call: async (tool, input) => toAnswer(await runtime.callTool("cos", tool, { args: input })),
    read: async (uri) => toText(await runtime.readResource("cos", uri)),
    [Symbol.asyncDispose]: () => runtime.close(),
  };
}

describeClient("mcporter's command line over HTTP", withCli);
describeClient("mcporter's runtime over standard input and output", withRuntime);
