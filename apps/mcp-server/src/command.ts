import { parseArgs } from "node:util";
import type { HttpListening } from "./http/listening.ts";
import { type LogOptions, toLogOptions } from "./observe/log-options.ts";
import { type Front, type Option, options } from "./options.ts";
import { version } from "./version.ts";

/**
 * Does what the arguments say, and loads no more than that takes. Resolves with the exit code: 0, 1 for a failure at the
 * start, 2 for wrong arguments.
 *
 * @param front the command that was called: `cos serve` always listens for HTTP, `cos-mcp` when it is told where.
 */
export async function main(argv: readonly string[], front: Front = "cos-mcp"): Promise<number> {
  let given: ReturnType<typeof readArguments>;
  let http: HttpListening | undefined;
  let log: LogOptions | undefined;
  try {
    given = readArguments(argv);
    if (front === "cos serve" || given.port !== undefined || given.host !== undefined) {
      const { toListening } = await import("./http/listening.ts");
      http = toListening(given);
    }
    refuseOthers(given, http === undefined ? "stdio" : "http");
    log = toLogOptions(given, http !== undefined);
  } catch (error) {
    const { say, speakAs } = await import("./say.ts");
    speakAs(front);
    say((error as Error).message, `See ${front} --help`);
    return 2;
  }
  if (given.version === true) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (given.help === true) {
    const { toUsage } = await import("./usage.ts");
    process.stdout.write(toUsage(front, process.stdout.columns));
    return 0;
  }
  const { serve } = await import("./serve.ts");
  return await serve({
    front,
    name: given.as ?? "agent",
    hostRoots: given.root ?? [],
    policyFile: given.policy,
    readOnly: given["read-only"],
    toolsets: toNames(given.toolsets),
    tools: toNames(given.tools),
    trustsDialogs: given["trust-dialogs"] === true,
    http,
    log,
  });
}

function readArguments(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options }).values;
}

/** Refuses options that the transport does not have, whose silence would be taken for a yes. */
function refuseOthers(given: ReturnType<typeof readArguments>, transport: "http" | "stdio"): void {
  const other = Object.keys(given).find((name) => {
    const { only } = options[name as keyof typeof options] as Option;
    return only !== undefined && only !== transport;
  });
  if (other === undefined) return;
  throw new Error(
    transport === "stdio"
      ? `--${other} is for HTTP: it goes with --port or --host.`
      : `--${other} is for the client on standard input; over HTTP it goes with a token: cos token create NAME --${other}`,
  );
}

/** The names of a list as people write them: with commas between, or the option several times. */
function toNames(lists: readonly string[] | undefined): readonly string[] | undefined {
  return lists?.flatMap((list) => list.split(",").map((name) => name.trim())).filter((name) => name !== "");
}
