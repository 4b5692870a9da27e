import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { type CallToolResult, ElicitRequestSchema, type Tool } from "@modelcontextprotocol/sdk/types.js";

const mainFile = join(import.meta.dirname, "..", "main.ts");

/** How `cos-mcp` is started from its source. */
export const command: readonly [string, ...string[]] = [process.execPath, "--conditions=@cos/source", mainFile];

/** What a tool answered: the envelope, and the words. */
export interface Answer {
  readonly failed: boolean;
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** An MCP client with a server of its own, connected by standard input and output. */
export interface StdioClient extends AsyncDisposable {
  readonly pid: number;
  /** The SDK's own, for everything but tools. */
  readonly client: Client;
  listTools(): Promise<readonly Tool[]>;
  /** @throws when the answer is not what the tool's output schema says, or the call was cancelled. */
  call(name: string, input?: Record<string, unknown>, options?: CallOptions): Promise<Answer>;
  /** The text of a resource. */
  read(uri: string): Promise<string>;
  /** What the server wrote to stderr so far. */
  stderr(): string;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/** Starts `cos-mcp` and connects a real client to it. */
export async function connectStdio(options: {
  /** How it is started; from its source unless set. */
  readonly command?: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
  /** What its user answers in a dialog with these words; without it, the client shows none. */
  readonly onDialog?: (words: string) => "accept" | "decline" | "cancel";
  /** Which tools it offers; all unless set. */
  readonly toolsets?: string;
  readonly cwd?: string;
}): Promise<StdioClient> {
  const [program, ...own] = options.command ?? command;
  const transport = new StdioClientTransport({
    command: program,
    args: [...own, "--toolsets", options.toolsets ?? "all", ...(options.args ?? [])],
    env: options.env as Record<string, string>,
    stderr: "pipe",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let stderr = "";
  transport.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const { onDialog } = options;
  const capabilities = onDialog === undefined ? {} : { elicitation: { form: {} } };
  const client = new Client({ name: "test", version: "1.0.0" }, { capabilities });
  if (onDialog !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params: { message } }) => ({ action: onDialog(message) }));
  }
  await client.connect(transport);
  const listTools = async () => (await client.listTools()).tools;
  // Only a client that knows the tools compares what they answer with what they say that they answer.
  await listTools();
  const close = () => client.close();
  return {
    pid: transport.pid ?? -1,
    client,
    stderr: () => stderr,
    listTools,
    async call(name, input = {}, { signal, onProgress } = {}) {
      const answer = (await client.callTool({ name, arguments: input }, undefined, {
        timeout: 120_000,
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onprogress: ({ message = "" }) => onProgress(message) }),
      })) as CallToolResult;
      const text = answer.content.map((part) => (part.type === "text" ? part.text : "")).join("");
      return { failed: answer.isError === true, envelope: answer.structuredContent ?? {}, text };
    },
    async read(uri) {
      const { contents } = await client.readResource({ uri });
      return contents.map((content) => ("text" in content ? content.text : "")).join("");
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
