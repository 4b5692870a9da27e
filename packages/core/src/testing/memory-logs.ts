import { setTimeout as delay } from "node:timers/promises";
import { CosError } from "../errors.ts";
import { type ExactTime, toExactTime } from "../exact-time.ts";
import { assertLogOptions, type LogChunk, type LogOptions } from "../logs.ts";
import type { OutputChunk } from "../output.ts";
import type { MemoryContainer } from "./memory-containers.ts";

/** An entry of a container's log. */
export interface MemoryLine {
  readonly stream: OutputChunk["stream"];
  /** Without the line's end. */
  readonly text: string;
  /** When it was written; when the test says so unless set. */
  readonly time?: ExactTime;
  /** Whether the line's end follows; true unless set. */
  readonly ended?: boolean;
}

/** What a reader sees of a container. */
interface Look {
  readonly log: readonly MemoryLine[] | undefined;
  readonly runs: boolean;
  /** How often it was started. */
  readonly starts: readonly Date[];
}

/** How often a log that is followed is looked at, in milliseconds. */
const lookEveryMs = 2;

/** Lets a container write. */
export function writeLog(
  { containers }: { readonly containers: Map<string, MemoryContainer> },
  id: string,
  ...lines: readonly MemoryLine[]
): void {
  const container = containers.get(id);
  if (container?.log === undefined) throw new Error("there is no such container, or it keeps no log");
  const time = toExactTime(new Date());
  containers.set(id, { ...container, log: [...container.log, ...lines.map((line) => ({ time, ...line }))] });
}

/** Reads a container's log. `look` throws when the reading is to end. */
export async function* readMemoryLog(look: () => Look, options: LogOptions): AsyncGenerator<LogChunk> {
  assertLogOptions(options);
  const { tail, follow = false, timestamps = false, stream = "both" } = options;
  const { log, starts } = look();
  if (log === undefined) {
    throw new CosError("unsupported", "The engine keeps no log of this container.", {
      hint: "The output of a job is in its result. Run it with `detach` to read it here.",
    });
  }
  const [since, until] = [options.since, options.until].map((time) =>
    time instanceof Date ? toExactTime(time) : time,
  );
  const startedAt = toExactTime(starts.at(-1) ?? new Date(0));
  let next = tail === undefined ? 0 : Math.max(0, log.length - tail);
  let entry = 0;
  for (;;) {
    const seen = look();
    const line = seen.log?.[next];
    if (line === undefined) {
      if (!follow || !seen.runs || seen.starts.length !== starts.length) return;
      await delay(lookEveryMs);
      continue;
    }
    next++;
    const { text, ended = true, time = startedAt } = line;
    if (until !== undefined && time > until) return;
    if ((stream !== "both" && line.stream !== stream) || (since !== undefined && time < since)) continue;
    const chunk = { stream: line.stream, data: Buffer.from(ended ? `${text}\n` : text) };
    yield timestamps ? { ...chunk, time, entry: entry++ } : chunk;
  }
}
