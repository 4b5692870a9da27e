import type { ChildProcess } from "node:child_process";

/** How long a server may take to end what it does, in milliseconds. */
const patienceMs = 10_000;

/** Has a process end by itself, so that it removes what it has made, and kills one that does not. */
export async function endProcess(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await ended;
  clearTimeout(patience);
}
