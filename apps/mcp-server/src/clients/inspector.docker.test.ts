import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeClient, type ForeignClient } from "./describe-client.ts";
import { type Ended, runClient, toAnswer, toText } from "./run-client.ts";
import { type Served, serveClients } from "./served.ts";

/** How `mcp-inspector --cli` ends when a tool's answer is an error, and when nothing is wrong. */
const [isError, fine] = [5, 0];

const inspect = (served: Served, target: readonly string[], ...args: string[]) =>
  runClient("mcp-inspector", ["--cli", ...args, ...target], served);

function read({ exitCode, stdout, stderr }: Ended): unknown {
  if (exitCode === fine || exitCode === isError) return JSON.parse(stdout);
  throw new Error(`it ended with ${exitCode}: ${stderr}`);
}

const toNames = (shown: unknown) => (shown as { tools: { name: string }[] }).tools.map(({ name }) => name);

/** How it is told where a server is, and how to get in. */
const connecting = ({ url, authorization }: Served) => [
  "--server-url",
  url,
  "--header",
  `Authorization: ${authorization}`,
];

/** How it is told to start one. */
const starting = ({ command, serverEnv }: Served) => [
  ...Object.entries(serverEnv).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
  "--",
  ...command,
];

/** Every call is a process, which connects anew. */
function withCli(served: Served): ForeignClient {
  const ask = async (...args: string[]) => read(await inspect(served, connecting(served), ...args));
  return {
    listTools: async () => toNames(await ask("--method", "tools/list")),
    async call(tool, input) {
      const pairs = Object.entries(input).map(([name, value]) => `${name}=${String(value)}`);
      return toAnswer(await ask("--method", "tools/call", "--tool-name", tool, "--tool-arg", ...pairs));
    },
    read: async (uri) => toText(await ask("--method", "resources/read", "--uri", uri)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Connects once, in a process that stays; every call is another one, which asks that. */
async function withConnection(served: Served): Promise<ForeignClient> {
  const env = { ...served.env, MCP_INSPECTOR_DAEMON_DIR: served.home, MCP_INSPECTOR_SECRET_STORE: "memory" };
  const ask = async (...args: string[]) =>
    read(await runClient("mcpdo", ["--format", "json", "--connection", "cos", ...args], { ...served, env }));
  // It first asks whether the server speaks the newest version, as clients do that know several.
  await ask("connect", "--era", "auto", "--elicit", "off", ...starting(served));
  return {
    listTools: async () => toNames(await ask("tools/list")),
    call: async (tool, input) => toAnswer(await ask("tools/call", tool, JSON.stringify(input))),
    read: async (uri) => toText(await ask("resources/read", uri)),
    [Symbol.asyncDispose]: async () => void (await ask("daemon", "stop")),
  };
}

describeClient("the inspector's CLI over HTTP", withCli);
describeClient("the inspector's connections over standard input and output", withConnection);

describe("the inspector's CLI, strict", () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveClients({ toolsets: "all" });
  });
  afterAll(() => served?.[Symbol.asyncDispose]());

  const ways: [string, (served: Served) => readonly string[]][] = [
    ["HTTP", connecting],
    ["standard input and output", starting],
  ];
  test.each(ways)("finds nothing in any tool that some client could stumble over, over %s", async (_way, targetOf) => {
    const { exitCode, stderr } = await inspect(served, targetOf(served), "--method", "tools/list", "--strict");
    expect({ exitCode, stderr }).toEqual({ exitCode: fine, stderr: "" });
  });
});
