import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { Installation } from "./cos.ts";

const run = promisify(execFile);

/** How a command on a terminal ended, and all that the terminal showed. */
export interface Seen {
  readonly code: number;
  readonly shown: string;
  /** The terminal's modes before the command and after it, as `stty -g` says them. */
  readonly modes: { readonly before: string; readonly after: string };
}

/** A command on a terminal of its own, with somebody at the keys. */
export interface AtTerminal {
  readonly ended: Promise<Seen>;
  /**
   * Resolves when the terminal has shown the text, behind whatever was waited for before. Rejects when the command ends
   * without it.
   */
  shows(text: string): Promise<void>;
  /** All that it has shown so far. */
  shown(): string;
  /** Presses keys, e.g. `y\n`. */
  type(keys: string | Uint8Array): void;
  /** Makes the terminal larger or smaller, which the command is told. */
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>;
  /** The terminal's modes as they are now, as `stty -a` says them. */
  modes(): Promise<string>;
  /** Sends a signal to the command itself. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** The command's process id. */
  pid(): Promise<number>;
  /** Whoever looks at the terminal stops looking, and looks again: what it shows piles up before it. */
  pause(): void;
  resume(): void;
  /** Takes the terminal away, as when a window is closed. */
  close(): void;
}

export const ctrlC = "\u0003";
export const ctrlD = "\u0004";

/**
 * Starts `cos` on a terminal of 80 columns and 24 rows, which `script` of util-linux makes.
 *
 * @param redirection for the shell, e.g. `>/dev/null`.
 */
export function startAtTerminal(
  installation: Installation,
  args: readonly string[],
  { env = {}, redirection = "" }: { readonly env?: NodeJS.ProcessEnv; readonly redirection?: string } = {},
): AtTerminal {
  const notes = mkdtempSync(join(installation.home, "terminal-"));
  const note = (name: string) => {
    const file = join(notes, name);
    return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  };
  const quoted = (part: string) => `'${part.replaceAll("'", "'\\''")}'`;
  const command = [...installation.command, ...args].map(quoted).join(" ");
  const lines = [
    // Ctrl-C is for the command alone; what is caught here is not ignored there.
    `trap : INT; cd ${quoted(notes)}; stty rows 24 cols 80; tty >tty; stty -g >before`,
    `(cd ${quoted(installation.workDirectory)}; exec /bin/sh -c ${quoted(`echo $$ >${quoted(join(notes, "pid"))}; exec ${command} ${redirection}`)})`,
    "code=$?; stty -g >after; exit $code",
  ];
  const child = spawn("script", ["-qefc", lines.join("\n"), "/dev/null"], {
    cwd: installation.workDirectory,
    env: { ...installation.env, SHELL: "/bin/sh", TERM: "xterm", ...env },
    timeout: 50_000,
  });
  let shown = "";
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  child.stdin.on("error", () => {});
  const started = async (name: string) => {
    await expect.poll(() => note(name), { timeout: 10_000, interval: 10 }).not.toBe("");
    return note(name);
  };
  const ended = new Promise<Seen>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code: code ?? -1, shown, modes: { before: note("before"), after: note("after") } });
    });
  });
  return {
    ended,
    shown: () => shown,
    type: (keys) => void child.stdin.write(keys),
    async resize({ columns, rows }) {
      await run("stty", ["-F", await started("tty"), "rows", String(rows), "cols", String(columns)]);
    },
    modes: async () => (await run("stty", ["-F", await started("tty"), "-a"])).stdout,
    pid: async () => Number(await started("pid")),
    kill: async (signal) => void process.kill(Number(await started("pid")), signal),
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
    close: () => void child.kill("SIGKILL"),
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const at = shown.indexOf(text, seen);
          if (at === -1) return;
          seen = Math.max(seen, at + text.length);
          child.stdout.off("data", look);
          resolve();
        };
        child.stdout.on("data", look);
        look();
        void ended.then(() => reject(new Error(`it ended without showing ${text}: ${shown}`)));
      }),
  };
}
