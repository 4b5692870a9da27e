import { spawn } from "node:child_process";
import type { Installation } from "./cos.ts";

/** How a command on a terminal ended, and all that the terminal showed. */
export interface Seen {
  readonly code: number;
  readonly shown: string;
}

/** A command on a terminal of its own, with somebody at the keys. */
export interface AtTerminal {
  readonly ended: Promise<Seen>;
  /** Resolves when the terminal has shown the text. Rejects when the command ends without it. */
  shows(text: string): Promise<void>;
  /** Presses keys, e.g. `y\n`. */
  type(keys: string): void;
}

export const ctrlC = "\u0003";
export const ctrlD = "\u0004";

/**
 * Starts `cos` on a terminal, which `script` of util-linux makes.
 *
 * @param redirection for the shell, e.g. `>/dev/null`.
 */
export function startAtTerminal(
  installation: Installation,
  args: readonly string[],
  { env = {}, redirection = "" }: { readonly env?: NodeJS.ProcessEnv; readonly redirection?: string } = {},
): AtTerminal {
  const words = [...installation.command, ...args].map((part) => `'${part.replaceAll("'", "'\\''")}'`);
  const line = ["exec", ...words, redirection].join(" ");
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd: installation.workDirectory,
    env: { ...installation.env, TERM: "xterm", ...env },
    timeout: 50_000,
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  child.stdin.on("error", () => {});
  const ended = new Promise<Seen>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, shown }));
  });
  return {
    ended,
    type: (keys) => void child.stdin.write(keys),
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (shown.includes(text)) resolve();
        };
        child.stdout.on("data", look);
        look();
        void ended.then(() => reject(new Error(`it ended without showing ${text}: ${shown}`)));
      }),
  };
}
