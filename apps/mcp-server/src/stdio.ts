import { setImmediate as nextTurn } from "node:timers/promises";
import { maxStdinBytes } from "@cos/core";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { sayProblem } from "./say.ts";
import { createServer, type ServerParts } from "./server.ts";

/** Most bytes that a message may have: room for the longest stdin of a job, also in base64. One more ends the session. */
const maxBufferSize = 2 * maxStdinBytes;

/**
 * How long calls may go on when the client has closed the input, in milliseconds: enough for an answer to who wrote all
 * requests at once, and less than clients wait before they send a signal.
 */
const graceMs = 1000;

/**
 * Serves one client on standard input and output, until it closes one of them or the process is told to end. Calls that
 * run then are cancelled, and with them what they started, and are answered; those of a client that only closed the
 * input have a moment to finish.
 *
 * @param told aborts when the process is told to end.
 */
export async function serveStdio(parts: ServerParts, told: AbortSignal): Promise<void> {
  // Standard output is the protocol's alone, whatever a dependency prints.
  globalThis.console = new console.Console(process.stderr);
  const { server, cancel, settled } = createServer(parts);
  server.onerror = (error) => sayProblem(describe(error));
  const over = new Promise<void>((resolve) => {
    server.onclose = resolve;
    // The SDK does not notice the end of the input.
    process.stdin.once("end", resolve).once("close", resolve);
    const end = () => {
      cancel();
      resolve();
    };
    if (told.aborted) end();
    else told.addEventListener("abort", end, { once: true });
  });
  await server.connect(new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize }));
  await over;
  const patience = setTimeout(cancel, graceMs);
  await settled();
  clearTimeout(patience);
  cancel();
  // The SDK sends the last answers in this turn.
  await nextTurn();
  await server.close();
}

/** The SDK shows neither what it could not parse nor that it ignores it. */
function describe({ name, message }: Error): string {
  return name === "Error" ? message : "A line that is no message of MCP was ignored.";
}
