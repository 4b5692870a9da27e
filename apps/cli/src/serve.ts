import type { Option as ServerOption } from "@cos/mcp-server/options";
import { type Command, Option } from "commander";

/**
 * `cos serve`, for help and completion: it is never run from here, as `main.ts` hands its arguments to the server.
 *
 * @param inFull with its options, which are the server's.
 */
export async function addServe(program: Command, inFull: boolean): Promise<void> {
  const serve = program
    .command("serve")
    .summary("Serve cos to MCP clients over HTTP")
    .usage("[options]")
    .description("Serves cos to MCP clients over HTTP, at /mcp.");
  if (!inFull) return;
  const { options } = await import("@cos/mcp-server/options");
  for (const [name, { short, value, help, choices, only }] of Object.entries<ServerOption>(options)) {
    if (only === "stdio" || name === "help") continue;
    const flags = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` <${value.toLowerCase()}>`}`;
    const option = new Option(flags, help);
    serve.addOption(choices === undefined ? option : option.choices(choices));
  }
}
