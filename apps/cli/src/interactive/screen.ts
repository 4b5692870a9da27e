import { closeSync, constants, openSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { OutputSink } from "@cos/core";
import { passOn } from "../printing.ts";

/** Longest wait for a terminal that shows nothing more for now, in milliseconds. */
const longestWaitMs = 10;

/** Shows output on the terminal that stdout is. */
export interface Screen {
  readonly show: OutputSink;
  close(): void;
}

/**
 * Opens the terminal once more, for writes that do not wait: those of `process.stdout` do, and while they wait for a
 * terminal that somebody has stopped, no signal and no key is seen.
 *
 * @param signal once aborted, nothing more is shown.
 */
export function openScreen(signal: AbortSignal): Screen {
  let terminal: number;
  try {
    terminal = openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return { show: passOn, close: () => {} };
  }
  /** Writes what the terminal takes now, and says how much that was. */
  const write = (data: Uint8Array): number => {
    try {
      return writeSync(terminal, data);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      // A terminal that is gone shows nothing; the signal that says so ends the program.
      return data.byteLength;
    }
  };
  const showRest = async (data: Uint8Array): Promise<void> => {
    let waitMs = 1;
    for (let rest = data; rest.byteLength > 0 && !signal.aborted;) {
      const written = write(rest);
      rest = rest.subarray(written);
      waitMs = written > 0 ? 1 : Math.min(2 * waitMs, longestWaitMs);
      if (rest.byteLength > 0) await delay(waitMs);
    }
  };
  return {
    show({ data }) {
      const rest = data.subarray(write(data));
      return rest.byteLength === 0 ? undefined : showRest(rest);
    },
    close: () => closeSync(terminal),
  };
}
