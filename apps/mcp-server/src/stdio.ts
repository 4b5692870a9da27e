import { setImmediate as nextTurn } from "node:timers/promises";
import { maxStdinBytes } from "@cos/core";
import { sayProblem } from "./say.ts";
import { createServer, type ServerParts } from "./server.ts";
import { StdioTransport } from "./stdio-transport.ts";

/** Most bytes that a message may have: room for the longest stdin of a job, also in base64. One more ends the session. */
const maxMessageBytes = 2 * maxStdinBytes;

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
  await server.connect(new StdioTransport(process.stdin, process.stdout, maxMessageBytes));
  await over;
  const patience = setTimeout(cancel, graceMs);
  await settled();
  clearTimeout(patience);
  cancel();
  // The SDK sends the last answers in this turn.
  await nextTurn();
  await server.close();
}

/** What the SDK says of messages that it ignores holds all of them, however long, and its own workings. */
function describe({ message }: Error): string {
  if (message.startsWith("Received a response")) return "An answer to nothing that was asked was ignored.";
  if (message.startsWith("Uncaught error in notification handler")) return "A notification that is wrong was ignored.";
  return message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message;
}

/** Most characters of what the SDK says. */
const longestMessage = 200;
