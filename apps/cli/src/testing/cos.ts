import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const mainFile = join(import.meta.dirname, "..", "main.ts");

/** How a command ended, and what it wrote. */
export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
}

export interface StartOptions {
  /** Standard input; empty unless given. */
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A command that was started. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves when stdout holds the text. Rejects when the command ends without it. */
  printed(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** An installation of cos of its own, with nothing of the user's. */
export interface Installation {
  readonly home: string;
  /** A working directory for files that jobs may see. */
  readonly workDirectory: string;
  readonly env: NodeJS.ProcessEnv;
  /** How the command is spelled, e.g. for a shell. */
  readonly command: readonly string[];
  cos(args: readonly string[], options?: StartOptions): Promise<Ended>;
  start(args: readonly string[], options?: StartOptions): Started;
  /** The audit log's events so far. */
  auditEvents(): readonly Readonly<Record<string, unknown>>[];
  remove(): void;
}

export function makeInstallation(): Installation {
  const home = mkdtempSync(join(tmpdir(), "cos-cli-"));
  const workDirectory = join(home, "work");
  const auditDirectory = join(home, "state", "cos", "audit");
  mkdirSync(workDirectory);
  const { NODE_OPTIONS: _options, FORCE_COLOR: _forced, NO_COLOR: _none, ...inherited } = process.env;
  const env = { ...inherited, XDG_CONFIG_HOME: join(home, "config"), XDG_STATE_HOME: join(home, "state") };
  const command = [process.execPath, "--conditions=@cos/source", mainFile];

  const start = (args: readonly string[], options: StartOptions = {}): Started => {
    const [program = "", ...own] = command;
    const child = spawn(program, [...own, ...args], {
      cwd: options.cwd ?? workDirectory,
      env: { ...env, ...options.env },
    });
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].on("data", (chunk: Buffer) => chunks[stream].push(chunk));
    child.stdin.on("error", () => {});
    child.stdin.end(options.stdin ?? "");
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        const [stdoutBytes, stderr] = [Buffer.concat(chunks.stdout), Buffer.concat(chunks.stderr).toString()];
        resolve({ code: code ?? signal ?? -1, stdout: stdoutBytes.toString(), stderr, stdoutBytes });
      });
    });
    return {
      pid: child.pid ?? -1,
      ended,
      kill: (signal) => void child.kill(signal),
      printed: (text) =>
        new Promise((resolve, reject) => {
          const look = () => {
            if (Buffer.concat(chunks.stdout).includes(text)) resolve();
          };
          child.stdout.on("data", look);
          look();
          void ended.then(({ stderr }) => reject(new Error(`it ended without printing ${text}: ${stderr}`)));
        }),
    };
  };

  return {
    home,
    workDirectory,
    env,
    command,
    start,
    cos: (args, options) => start(args, options).ended,
    auditEvents() {
      const text = readdirSync(auditDirectory).map((file) => readFileSync(join(auditDirectory, file), "utf8"));
      return text
        .join("")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
