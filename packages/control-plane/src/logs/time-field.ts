import { CosError, type ExactTime, parseTime } from "@cos/core";
import * as z from "zod";
import { once } from "../once.ts";

/** A time in an operation's input. */
export const timeText = once(() =>
  z.string().refine((text) => parseTime(text) !== undefined, {
    error: 'expected a time like "2026-11-25T09:19:04Z", or how long ago, like "15m"',
  }),
);

/** The time that such a field says, as far as one was given. */
export function toTime(text: string | undefined): ExactTime | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new CosError("invalid_argument", "A time is none.", {
    hint: 'Expected ISO 8601, or how long ago, like "15m".',
  });
}
