import { parseArgs } from "node:util";
import { version } from "./version.ts";

const usage = `Usage: cos-mcp [options]

Serves cos to an MCP client over standard input and output. What the client may do is decided by policy; what it did
stands in the audit log (cos audit tail).

Options:
  --as NAME        the name this client acts and owns under (default: agent)
  --policy FILE    rules to use instead of those in the user's config directory (also COS_POLICY)
  --read-only      refuse everything that changes something (also COS_READ_ONLY=1)
  --root DIR       a directory that workloads may mount or build from; may be repeated (default: none)
  -V, --version    print the version
  -h, --help       show this help

A client is told to start it like this:
  {"mcpServers": {"cos": {"command": "npx", "args": ["-y", "@cos/mcp-server", "--as", "my-agent"]}}}
`;

/**
 * Does what the arguments say, and loads no more than that takes. Resolves with the exit code: 0, 1 for a failure at the
 * start, 2 for wrong arguments.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const given = await readArguments(argv);
  if (given === undefined) return 2;
  if (given.help === true || given.version === true) {
    process.stdout.write(given.help === true ? usage : `${version}\n`);
    return 0;
  }
  const { serve } = await import("./serve.ts");
  return await serve({
    name: given.as ?? "agent",
    hostRoots: given.root ?? [],
    policyFile: given.policy,
    readOnly: given["read-only"],
  });
}

async function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        as: { type: "string" },
        policy: { type: "string" },
        "read-only": { type: "boolean" },
        root: { type: "string", multiple: true },
        version: { type: "boolean", short: "V" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    const { say } = await import("./say.ts");
    say((error as Error).message, "See cos-mcp --help");
    return undefined;
  }
}
