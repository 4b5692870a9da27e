/**
 * A moment to the nanosecond in UTC, such as `2026-11-25T09:19:04.380430110Z`. All of them are of this length, so they
 * are in order when their texts are. A `Date` holds milliseconds only, in which a container writes many lines.
 */
export type ExactTime = string;

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** JavaScript's own reader of times takes much more, and makes years of small numbers. */
const isoTime = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** A date as an exact time. */
export function toExactTime(date: Date): ExactTime {
  return date.toISOString().replace("Z", "000000Z");
}

/** Whether a text is an exact time. */
export function isExactTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** The moment so long after another one; before it with negative seconds. */
export function shiftTime(time: ExactTime, seconds: number, nanoseconds = 0): ExactTime {
  const moved = Number(time.slice(20, 29)) + nanoseconds;
  const carried = Math.floor(moved / 1e9);
  const second = new Date(Date.parse(`${time.slice(0, 19)}Z`) + (seconds + carried) * 1000);
  return `${second.toISOString().slice(0, 19)}.${String(moved - carried * 1e9).padStart(9, "0")}Z`;
}

/**
 * A moment as people write it: ISO 8601 with up to nine digits of a second, or how long before `now`, such as `15m`. A
 * time without a zone is a local one, a date alone one in UTC. Undefined for anything else.
 */
export function parseTime(text: string, now: Date = new Date()): ExactTime | undefined {
  const ageSeconds = parseSeconds(text);
  if (ageSeconds !== undefined) return toExactTime(new Date(now.getTime() - ageSeconds * 1000));
  const [, day = "", minute, second = "00", fraction = "", zone = ""] = isoTime.exec(text) ?? [];
  const date = new Date(minute === undefined ? day : `${day}T${minute}:${second}${zone}`);
  if (Number.isNaN(date.getTime())) return undefined;
  const exact = toExactTime(date).replace(/\.\d{9}Z$/, `.${fraction.padEnd(9, "0")}Z`);
  return isExactTime(exact) ? exact : undefined;
}

/** A length of time such as `90s`, `15m`, `2h` or `7d`, in seconds. Undefined for anything else. */
export function parseSeconds(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
}
