import { CosError, type ExactTime, isExactTime, type LogChunk, type LogLine, shiftTime } from "@cos/core";

/** How far a log was read: the first so many of the entries since a time. What these were is the same at every reading. */
export interface LogCursor {
  readonly since: ExactTime;
  readonly given: number;
  /** The latest time among the entries that were given. */
  readonly upTo: ExactTime;
}

/** Before anything was written. */
export const beginningOfTime: ExactTime = "1970-01-01T00:00:00.000000000Z";

/**
 * How much before the latest entry a cursor begins, in seconds. Entries of two streams are kept nearly in the order of
 * their times, but not quite.
 */
const overlapSeconds = 1;
/** Most different times that are counted. */
const maxRuns = 4096;

/**
 * Counts the entries of a log that were given, and says where the next reading goes on. The parts of a long line have
 * the time of its first part, so a line that is not over holds the beginning of the count back.
 */
export class LogPosition {
  /** Neighbouring entries of the same time, the latest ones last. */
  readonly #runs: { readonly time: ExactTime; count: number }[] = [];
  readonly #open = new Map<LogLine["stream"], ExactTime>();
  /** Every entry from this time on has been counted. */
  #floor: ExactTime;
  #latest: ExactTime;

  /** @param since from when on the log is read. */
  constructor(since: ExactTime = beginningOfTime) {
    this.#floor = since;
    this.#latest = since;
  }

  /** Counts an entry. */
  addEntry(time: ExactTime): void {
    const last = this.#runs.at(-1);
    if (last?.time === time) last.count++;
    else this.#runs.push({ time, count: 1 });
    if (time > this.#latest) this.#latest = time;
    if (this.#runs.length <= maxRuns) return;
    for (const forgotten of this.#runs.splice(0, maxRuns / 2)) this.#raiseFloor(forgotten.time);
  }

  /** Counts the entries that begin in a line. */
  addLine({ stream, time, ended, entryTimes }: LogLine): void {
    for (const entryTime of entryTimes) this.addEntry(entryTime);
    if (ended) this.#open.delete(stream);
    else if (time !== undefined && !this.#open.has(stream)) this.#open.set(stream, time);
  }

  /** For a log of which only the end was read: there are earlier entries, perhaps of the time of the first one. */
  missesEarlierEntries(): void {
    const first = this.#runs[0];
    if (first !== undefined) this.#raiseFloor(first.time);
  }

  /** Whether enough was counted to go on from here. */
  get isKnown(): boolean {
    const last = this.#runs.at(-1);
    return last === undefined || this.#floor <= last.time;
  }

  /** Where the next reading goes on. */
  toCursor(): LogCursor {
    const held = [shiftTime(this.#latest, -overlapSeconds), ...this.#open.values()].toSorted()[0] ?? beginningOfTime;
    const last = this.#runs.at(-1)?.time ?? this.#floor;
    const earliest = held > this.#floor ? held : this.#floor;
    const since = earliest < last ? earliest : last;
    const given = this.#runs.reduce((sum, { time, count }) => (time >= since ? sum + count : sum), 0);
    return { since, given, upTo: this.#latest };
  }

  #raiseFloor(time: ExactTime): void {
    const next = shiftTime(time, 0, 1);
    if (next > this.#floor) this.#floor = next;
  }
}

/** Tells the entries that were given before from those that were not. */
export class GivenEntries {
  readonly #upTo: ExactTime;
  #left: number;
  #entry: number | undefined;
  #isGiven = false;

  constructor({ given, upTo }: LogCursor) {
    [this.#left, this.#upTo] = [given, upTo];
  }

  /** Whether this is a piece of such an entry, and whether its first one. */
  has({ entry, time }: LogChunk): { isGiven: boolean; isFirst: boolean } {
    const isFirst = entry !== this.#entry;
    if (!isFirst) return { isGiven: this.#isGiven, isFirst };
    this.#entry = entry;
    // Where entries were given that have been rotated away since, later ones are not skipped in their place.
    if (time !== undefined && time > this.#upTo) this.#left = 0;
    this.#isGiven = this.#left > 0;
    if (this.#isGiven) this.#left--;
    return { isGiven: this.#isGiven, isFirst };
  }
}

/** A cursor as callers get it, which holds for one container. */
export function formatCursor(containerId: string, { since, given, upTo }: LogCursor): string {
  return Buffer.from([containerId.slice(0, 12), since, given, upTo].join(" ")).toString("base64url");
}

/** @throws CosError `invalid_argument` */
export function parseCursor(containerId: string, text: string): LogCursor {
  const [id, since = "", given = "", upTo = "", ...more] = Buffer.from(text, "base64url").toString().split(" ");
  const isCursor = isExactTime(since) && /^[0-9]{1,9}$/.test(given) && isExactTime(upTo) && more.length === 0;
  if (!isCursor) {
    throw new CosError("invalid_argument", "`cursor` is none that cos gave.", {
      hint: "Pass on the `cursor` of an earlier answer as it is, or leave it out.",
    });
  }
  if (id === containerId.slice(0, 12)) return { since, given: Number(given), upTo };
  throw new CosError("invalid_argument", "`cursor` is of the log of another container.", {
    hint: "It may have been made anew since. Leave the cursor out.",
  });
}
