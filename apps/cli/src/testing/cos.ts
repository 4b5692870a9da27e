import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditRecord } from "@cos/control-plane";

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
  /** Leaves standard input open, for what is to be written later. */
  readonly keepStdin?: boolean;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A command that was started. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves when the stream, stdout unless said, holds the text. Rejects when the command ends without it. */
  printed(text: string, stream?: "stdout" | "stderr"): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Writes to its standard input, and ends it. */
  write(data: string): void;
  endInput(): void;
}

/** An installation of cos of its own, with nothing of the user's. */
export interface Installation {
  readonly home: string;
  readonly auditDirectory: string;
  /** A working directory for files that jobs may see. */
  readonly workDirectory: string;
  readonly env: NodeJS.ProcessEnv;
  /** How the command is spelled, e.g. for a shell. */
  readonly command: readonly string[];
  cos(args: readonly string[], options?: StartOptions): Promise<Ended>;
  start(args: readonly string[], options?: StartOptions): Started;
  /** Writes the operator's rules, as YAML or JSON, and says where. They hold from the next command on. */
  writePolicy(text: string): string;
  /** The audit log's records so far, oldest first; without those that were there before, if these are given. */
  auditEvents(before?: readonly AuditRecord[]): readonly AuditRecord[];
  remove(): void;
}

export function makeInstallation(): Installation {
  const home = mkdtempSync(join(tmpdir(), "cos-cli-"));
  const workDirectory = join(home, "work");
  const auditDirectory = join(home, "state", "cos", "audit");
  const configDirectory = join(home, "config", "cos");
  mkdirSync(workDirectory);
  const { NODE_OPTIONS: _options, FORCE_COLOR: _forced, NO_COLOR: _none, ...others } = process.env;
  const inherited = Object.fromEntries(Object.entries(others).filter(([name]) => !/^(?:COS_|AUDIT_DIR$)/.test(name)));
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
    child.stdin.write(options.stdin ?? "");
    if (options.keepStdin !== true) child.stdin.end();
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
      write: (data) => void child.stdin.write(data),
      endInput: () => void child.stdin.end(),
      printed: (text, stream = "stdout") =>
        new Promise((resolve, reject) => {
          const look = () => {
            if (Buffer.concat(chunks[stream]).includes(text)) resolve();
          };
          child[stream].on("data", look);
          look();
          void ended.then(({ stderr }) => reject(new Error(`it ended without printing ${text}: ${stderr}`)));
        }),
    };
  };

  return {
    home,
    auditDirectory,
    workDirectory,
    env,
    command,
    start,
    cos: (args, options) => start(args, options).ended,
    writePolicy(text) {
      mkdirSync(configDirectory, { recursive: true });
      writeFileSync(join(configDirectory, "policy.yaml"), text);
      return join(configDirectory, "policy.yaml");
    },
    auditEvents(before = []) {
      const known = new Set(before.map(({ mac }) => mac));
      const files = existsSync(auditDirectory) ? readdirSync(auditDirectory) : [];
      return files
        .filter((file) => file.endsWith(".jsonl"))
        .flatMap((file) => readFileSync(join(auditDirectory, file), "utf8").split("\n"))
        .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as AuditRecord]))
        .filter(({ mac }) => !known.has(mac))
        .toSorted((one, other) => Date.parse(one.time) - Date.parse(other.time));
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
