import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Clock ticks per second in /proc, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Runs a command to its end and throws unless it exits with `exitCode` and prints `stdout`. */
export async function runCommand(
  command: string,
  args: readonly string[],
  expected: { exitCode?: number; stdout?: string; env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<void> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...environment, ...expected.env },
    cwd: expected.cwd,
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const exitCode = await new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  if (exitCode !== (expected.exitCode ?? 0)) throw new Error(`${command} ${args.join(" ")} exited with ${exitCode}`);
  if (expected.stdout !== undefined && stdout !== expected.stdout)
    throw new Error(`${command} ${args.join(" ")} printed ${JSON.stringify(stdout)}`);
}

/** CPU milliseconds that a command costs, over enough runs to be finer than the kernel's clock tick. */
export async function cpuMilliseconds(command: string, args: readonly string[], runs = 10): Promise<number> {
  return await childCpuMilliseconds(runs, () => runCommand(command, args));
}

/** CPU milliseconds that a child process costs, which `run` starts and sees end. */
export async function childCpuMilliseconds(runs: number, run: () => Promise<void>): Promise<number> {
  const before = childTicks();
  for (let count = 0; count < runs; count++) await run();
  return ((childTicks() - before) * 1000) / ticksPerSecond / runs;
}

function childTicks(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[13]) + Number(fields[14]);
}

const { NODE_EXTRA_CA_CERTS: _, ...others } = process.env;
/** Reading extra certificates costs every start of Node tens of milliseconds, which would hide what is compared. */
export const environment: NodeJS.ProcessEnv = others;
