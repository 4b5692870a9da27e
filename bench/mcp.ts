import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openHttpClient, openStdioClient } from "./mcp-clients.ts";
import { compare, report, type Variant } from "./rounds.ts";
import { childCpuMilliseconds, environment } from "./spawn.ts";

/** Calls that run at the same time. */
const inFlight = 16;
/** Calls of one measurement: enough for the clock of the CPU. */
const calls = 1500;
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const main = file("../apps/mcp-server/dist/main.js");

/** Without types, which Node would have to take out first. */
const lineEcho = 'require("node:readline").createInterface(process.stdin).on("line", (line) => console.log(line))';

/** What answers calls, and what it costs. */
export interface Served extends AsyncDisposable {
  call(id: number): Promise<void>;
  /** CPU time of the process so far, in microseconds. */
  cpu(): Promise<number>;
}

/**
 * CPU time of a call of `ping` on an engine that answers at once, against a server that only echoes, over HTTP and over
 * standard input; and of a start up to the answer to `initialize`.
 */
export async function benchMcp(): Promise<void> {
  await benchCalls(
    "http",
    { "node:http echo": "mcp-echo.ts", cos: "mcp-server.ts", "cos, with log and metrics": "mcp-server.ts log" },
    { cos: "<= 8, better 7" },
  );
  await benchCalls("stdio", { "line echo": "mcp-echo.ts", cos: "mcp-server.ts" }, { cos: "<= 4" });
  const started = await compare(
    {
      "line echo": () => startMilliseconds(["-e", lineEcho]),
      "cos-mcp": () => startMilliseconds([main]),
    },
    7,
  );
  report("start to the answer to initialize over stdio, CPU time", "ms", started, { "cos-mcp": "<= 3.7" });
}

async function benchCalls(
  transport: "http" | "stdio",
  programs: Readonly<Record<string, string>>,
  must: Readonly<Record<string, string>>,
): Promise<void> {
  const variants: Record<string, Variant> = {};
  await using servers = new AsyncDisposableStack();
  for (const [name, program] of Object.entries(programs)) {
    const served = servers.use(await serve(transport, program));
    variants[name] = async () => {
      const before = await served.cpu();
      let next = 0;
      const work = async () => {
        while (next < calls) await served.call(++next);
      };
      await Promise.all(Array.from({ length: inFlight }, work));
      return ((await served.cpu()) - before) / calls;
    };
  }
  report(`a call of ping over ${transport}, ${inFlight} in flight, CPU time`, "us", await compare(variants, 15), must);
}

async function serve(transport: "http" | "stdio", program: string): Promise<Served> {
  const [name = "", ...args] = program.split(" ");
  const echoes = name.includes("echo");
  const child = fork(file(name), [transport, ...args], { env: environment, silent: true });
  child.stderr?.resume();
  const client =
    transport === "stdio"
      ? await openStdioClient(child, echoes)
      : await openHttpClient(((await once(child, "message")) as [{ url: string }])[0].url, echoes);
  return {
    call: client,
    async cpu() {
      child.send("cpu");
      const [{ user, system }] = (await once(child, "message")) as [NodeJS.CpuUsage];
      return user + system;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** CPU milliseconds of starts up to the answer to `initialize`, and of the end. */
async function startMilliseconds(args: readonly string[]): Promise<number> {
  return await childCpuMilliseconds(10, async () => {
    const child = spawn(process.execPath, args, { env: environment, stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const clientInfo = { name: "bench", version: "1" };
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params })}\n`);
    await once(child.stdout, "data");
    child.stdin.end();
    await ended;
  });
}
