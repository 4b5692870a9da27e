import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { endProcess } from "./end-process.ts";
import { command } from "./index.ts";

/** A running server that listens for HTTP, on a port of its own. */
export interface HttpProcess extends AsyncDisposable {
  readonly pid: number;
  /** Where clients reach it, with the path. */
  readonly url: string;
  /** How it ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What it wrote to stderr so far. */
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a server and waits until it listens. */
export async function startHttp(options: {
  readonly env: NodeJS.ProcessEnv;
  /** What follows `--port 0`; lets in everybody unless set. */
  readonly args?: readonly string[];
  /** How it is started; `cos-mcp` from its source unless set. */
  readonly command?: readonly [string, ...string[]];
  readonly cwd?: string;
}): Promise<HttpProcess> {
  const [program, ...own] = options.command ?? command;
  const child = spawn(program, [...own, "--port", "0", ...(options.args ?? ["--insecure-no-auth"])], {
    env: options.env,
    stdio: ["ignore", "ignore", "pipe"],
    cwd: options.cwd,
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  let stderr = "";
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on("line", (line) => {
      stderr += `${line}\n`;
      const said = /Serving at ([^\s"]+)/.exec(line)?.[1];
      if (said !== undefined) resolve(said);
    });
    child.once("error", reject);
    void ended.then((how) => reject(new Error(`it ended with ${how}: ${stderr}`)));
  });
  return {
    pid: child.pid ?? -1,
    url,
    ended,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: () => endProcess(child, ended),
  };
}
