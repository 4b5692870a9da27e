import { writeSync } from "node:fs";

/** How long a line may wait for whoever reads standard error, in milliseconds, before it is given up. */
const patienceMs = 200;
const pollMs = 5;

export interface LineWriter {
  write(line: string): void;
}

/**
 * Writes lines to standard error at once, so that none is lost when the process ends. When nobody takes them they are
 * given up rather than kept: the first of them after a moment, the others immediately. The next that is taken says how
 * many are missing.
 *
 * @param write writes some of the bytes, and says how many; it throws `EAGAIN` when there is no room for any.
 */
export function openStderrLines(write = (bytes: Uint8Array) => writeSync(2, bytes)): LineWriter {
  let missing = 0;
  /** Whether the last line that was given up is there in part. */
  let torn = false;

  function put(line: string): boolean {
    const bytes = Buffer.from(line);
    const giveUpAt = performance.now() + (missing > 0 ? 0 : patienceMs);
    let written = 0;
    while (written < bytes.length) {
      try {
        written += write(bytes.subarray(written));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || performance.now() >= giveUpAt) {
          torn ||= written > 0;
          return false;
        }
        pause(pollMs);
      }
    }
    torn = false;
    return true;
  }

  return {
    write(line) {
      const before = missing === 0 ? "" : `${torn ? "\n" : ""}(${missing} lines are missing: nobody took them)\n`;
      missing = put(before + line) ? 0 : missing + 1;
    },
  };
}

const clock = new Int32Array(new SharedArrayBuffer(4));

function pause(ms: number): void {
  Atomics.wait(clock, 0, 0, ms);
}
