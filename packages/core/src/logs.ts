import { CosError } from "./errors.ts";
import { type ExactTime, isExactTime, toExactTime } from "./exact-time.ts";
import type { OutputChunk } from "./output.ts";

/** Which part of a container's log is read. */
export interface LogOptions {
  /** How many entries from the end, of both streams and before `since` and `stream` apply; all unless set. Not with `until`. */
  readonly tail?: number | undefined;
  /** The earliest time, itself included. */
  readonly since?: Date | ExactTime | undefined;
  /** The latest time, itself included. Not with `follow`. */
  readonly until?: Date | ExactTime | undefined;
  /** `both` unless set. */
  readonly stream?: LogStream | undefined;
  /** Whether chunks come with their `time` and `entry`. */
  readonly timestamps?: boolean | undefined;
  /** Whether what the container writes from now on comes too, until it ends. Only with a `signal`: nothing else bounds it. */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type LogStream = OutputChunk["stream"] | "both";

/**
 * A piece of a log, valid until the next one is asked for. An engine keeps it as entries, each with a time: a line, or a part of a long one. The times of one
 * stream go forward. Those of both together may not quite, because two writers take turns.
 */
export interface LogChunk extends OutputChunk {
  /** With `timestamps`: when the entry was written. */
  readonly time?: ExactTime | undefined;
  /** With `timestamps`: the number of the entry in this reading, from 0. An entry may come in several chunks. */
  readonly entry?: number | undefined;
}

/**
 * Refuses options that make no sense, before any engine is asked.
 *
 * @throws CosError `invalid_argument`
 */
export function assertLogOptions({ tail, since, until, follow = false, signal }: LogOptions): void {
  if (tail !== undefined && !(Number.isSafeInteger(tail) && tail >= 0)) {
    throw new CosError("invalid_argument", "tail is out of range.", { hint: "Expected an integer of 0 or more." });
  }
  for (const [name, time] of [
    ["since", since],
    ["until", until],
  ] as const) {
    if (time === undefined || isTime(time)) continue;
    throw new CosError("invalid_argument", `${name} is not a time.`, {
      hint: "Expected a Date, or a time such as 2026-11-25T09:19:04.380430110Z.",
    });
  }
  if (tail !== undefined && until !== undefined) {
    throw new CosError("invalid_argument", "tail and until do not go together.", {
      hint: "The end is that of the whole log. Read until the time, and keep the last lines.",
    });
  }
  if (!follow) return;
  if (until !== undefined) {
    throw new CosError("invalid_argument", "follow and until do not go together.", { hint: "Leave out one of them." });
  }
  if (signal === undefined) {
    throw new CosError("invalid_argument", "A log is followed only with a signal, which ends it.", {
      hint: "Give a signal, such as AbortSignal.timeout(60_000).",
    });
  }
}

function isTime(time: Date | ExactTime): boolean {
  if (typeof time === "string") return isExactTime(time);
  const ms = time.getTime();
  return !Number.isNaN(ms) && isExactTime(toExactTime(time));
}
