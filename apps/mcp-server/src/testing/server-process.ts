import { spawn } from "node:child_process";
import { endProcess } from "./end-process.ts";
import { command } from "./index.ts";
import { type Messages, readMessages } from "./messages.ts";

/** A running `cos-mcp` that a test talks to line by line, as a client that does everything wrong may do. */
export interface ServerProcess extends Messages, AsyncDisposable {
  /** How it ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** The same, as soon as it has ended: what it wrote may still be unread. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Sends a line as it is, or a message. */
  send(line: string | object): void;
  /** Calls a tool, and asks for its progress. The id is also the progress token. */
  call(id: number, name: string, input: object): void;
  closeInput(): void;
  /** Stops reading what it writes, as a client does that has died. */
  closeOutput(): void;
  /** Reads nothing more of what it writes there, and keeps it open. */
  hold(output: "stdout" | "stderr"): void;
  /** Reads on. */
  release(output: "stdout" | "stderr"): void;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `cos-mcp` from its source, and waits until it has answered `initialize`. */
export async function startServer(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
}): Promise<ServerProcess> {
  const [program, ...own] = command;
  const child = spawn(program, [...(options.nodeArgs ?? []), ...own, ...(options.args ?? [])], { env: options.env });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal ?? -1));
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  // A server that has ended reads no more.
  child.stdin.on("error", () => {});
  const messages = readMessages(child.stdout);

  const send = (line: string | object) =>
    void child.stdin.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  const client = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } };
  send({ jsonrpc: "2.0", id: 0, method: "initialize", params: client });
  await messages.received(({ id }) => id === 0);
  send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return {
    ...messages,
    ended,
    exited,
    stderr: () => stderr,
    send,
    call(id, name, input) {
      const params = { name, arguments: input, _meta: { progressToken: id } };
      send({ jsonrpc: "2.0", id, method: "tools/call", params });
    },
    closeInput: () => void child.stdin.end(),
    closeOutput: () => void child.stdout.destroy(),
    hold: (output) => void child[output].pause(),
    release: (output) => void child[output].resume(),
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.stdout.resume();
      child.stderr.resume();
      await endProcess(child, ended);
    },
  };
}
