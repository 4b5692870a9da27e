import { readFileSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { CosError } from "@cos/core";

const longestWaitMs = 10_000;
const longestPauseMs = 16;

/**
 * Runs `body`, which must not be asynchronous, while no other process of this machine that uses the same lock does.
 * Blocks the thread while it waits. It cannot be taken twice by one thread.
 *
 * The lock is a symbolic link that points nowhere: its text names the holder, and it is made together with its text, so
 * there is no moment in which a lock has no holder. The lock of a dead process is taken over.
 *
 * @throws CosError `unavailable` when others hold the lock for 10 seconds; `failed_precondition` when the lock cannot be
 * made, or something else is at `path`. What `body` throws.
 */
export function withLock<T>(path: string, body: () => T): T {
  take(path);
  try {
    return body();
  } finally {
    release(path);
  }
}

function take(path: string): void {
  const deadline = performance.now() + longestWaitMs;
  for (let pauseMs = 1; !make(path); pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const holder = holderOf(path);
    if (holder !== undefined && isDead(holder)) removeDead(path);
    else if (performance.now() < deadline) sleep(pauseMs);
    else {
      throw new CosError("unavailable", `Another process holds the lock ${path}.`, {
        hint: `Try again; if no process ${holder?.pid ?? ""} of cos runs on this machine, delete ${path}.`,
        details: { pid: holder?.pid },
      });
    }
  }
}

/** Whether the lock is now held by this process. */
function make(path: string): boolean {
  try {
    symlinkSync(describeHolder(ownIdentity()), path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false;
    throw cannotBeTaken(path, cause);
  }
}

function release(path: string): void {
  try {
    if (readlinkSync(path) === describeHolder(ownIdentity())) unlinkSync(path);
  } catch {
    // It is gone already, or stays until this process ends, when others take it over.
  }
}

/** Of several processes that see a dead holder one at a time looks again and removes, so none removes a successor's lock. */
function removeDead(path: string): void {
  withLock(`${path}.steal`, () => {
    const holder = holderOf(path);
    if (holder !== undefined && isDead(holder)) unlinkSync(path);
  });
}

/** A process: its id, and, on Linux, what tells it from another with the same id. Empty strings elsewhere. */
interface Holder {
  readonly pid: number;
  /** In clock ticks since the machine's start. */
  readonly startTime: string;
  /** In another namespace the same id is another process. */
  readonly pidNamespace: string;
}

function describeHolder({ pid, startTime, pidNamespace }: Holder): string {
  return `${pid}:${startTime}:${pidNamespace}`;
}

/** Undefined when nobody holds the lock any more. */
function holderOf(path: string): Holder | undefined {
  let text: string;
  try {
    text = readlinkSync(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw cannotBeTaken(path, cause);
  }
  const [, pid, startTime = "", pidNamespace = ""] = /^(\d{1,9}):(\d*):(\d*)$/.exec(text) ?? [];
  if (pid === undefined) throw cannotBeTaken(path);
  return { pid: Number(pid), startTime, pidNamespace };
}

let own: Holder | undefined;

function ownIdentity(): Holder {
  return (own ??= {
    pid: process.pid,
    startTime: statusOf(process.pid)?.startTime ?? "",
    pidNamespace: attempt(() => readlinkSync("/proc/self/ns/pid"))?.replace(/\D/g, "") ?? "",
  });
}

function isDead({ pid, startTime, pidNamespace }: Holder): boolean {
  if (pidNamespace !== ownIdentity().pidNamespace) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return true;
  }
  const status = statusOf(pid);
  return status !== undefined && startTime !== "" && (status.startTime !== startTime || status.isZombie);
}

/** What Linux says of a process; undefined elsewhere, and of processes that it hides. */
function statusOf(pid: number): { readonly startTime: string; readonly isZombie: boolean } | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  // The second field is the program's name in parentheses, and may hold anything.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields && { startTime: fields[19] ?? "", isZombie: fields[0] === "Z" };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function cannotBeTaken(path: string, cause?: unknown): CosError {
  return new CosError("failed_precondition", `The lock ${path} cannot be taken.`, {
    hint: "Make its directory writable, and delete what is there unless a process of cos made it.",
    cause,
  });
}
