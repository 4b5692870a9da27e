import { InvalidArgumentError } from "commander";

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** JavaScript's own reader of times takes much more, and makes years of small numbers. */
const isoTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** A moment: ISO 8601, or how long ago, such as `2h`. */
export function toTime(text: string): Date {
  const seconds = toSeconds(text);
  const iso = isoTime.test(text) ? text : "";
  const time = new Date(seconds === undefined ? iso : Date.now() - seconds * 1000);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('expected a time like "2026-11-21T08:00Z" or "2h"');
  return time;
}

/** A length of time such as `90s`, `15m`, `2h` or `7d`, in seconds. */
export function toDuration(text: string): number {
  const seconds = toSeconds(text);
  if (seconds === undefined || seconds === 0)
    throw new InvalidArgumentError('expected a length of time like "15m", "2h" or "7d"');
  return seconds;
}

function toSeconds(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
}

/** A whole number above 0. */
export function toCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("expected a whole number above 0");
  return Number(text);
}
