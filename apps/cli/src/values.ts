import { parseSeconds, parseTime } from "@cos/core";
import { InvalidArgumentError } from "commander";

/** A moment: ISO 8601, or how long ago, such as `2h`. */
export function toTime(text: string): Date {
  const time = parseTime(text);
  if (time === undefined) throw new InvalidArgumentError('expected a time like "2026-11-21T08:00Z" or "2h"');
  return new Date(time);
}

/** A length of time such as `90s`, `15m`, `2h` or `7d`, in seconds. */
export function toDuration(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds === undefined || seconds === 0)
    throw new InvalidArgumentError('expected a length of time like "15m", "2h" or "7d"');
  return seconds;
}

/** A whole number above 0. */
export function toCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("expected a whole number above 0");
  return Number(text);
}
