import type { KeyObject } from "node:crypto";
import type { AuditEvent, AuditRecord } from "./event.ts";
import { digest, seal } from "./seal.ts";
import { record } from "./shape.ts";

/** Longest line, in bytes, with its end. */
export const maxLineBytes = 16 * 1024;
const longestText = 256;
/** Where even 256 characters for each member may be too many. */
const shortText = 64;

/** What the log adds to an event. */
export type Place = Pick<AuditRecord, "seq" | "time" | "writer" | "clockBackMs" | "torn" | "prev">;

/**
 * The line for an event, without its end, and its `mac`. Texts of more than 256 characters are replaced by keyed hashes; if
 * the line is still too long, so are texts of more than 64 characters, and `asks` as a whole.
 *
 * @param event as `closeEvent` gives it.
 */
export function writeLine(
  key: KeyObject,
  { seq, time, writer, clockBackMs, torn, prev }: Place,
  event: AuditEvent,
): { readonly text: string; readonly mac: string } {
  const { inputDigest, asks } = event;
  const hidden = inputDigest === undefined ? event : { ...event, inputDigest: digest(key, "input", inputDigest) };
  const line = (members: object) => seal(key, { seq, time, writer, ...members, clockBackMs, torn, prev });

  const whole = line(shorten(key, hidden, longestText));
  if (whole.text.length < maxLineBytes) return whole;
  const asksDigest = asks && `hmac-sha256:${digest(key, "value", asks)}`;
  return line({ ...shorten(key, { ...hidden, asks: undefined }, shortText), asksDigest });
}

/** The same data with keyed hashes in the place of long texts. */
function shorten<T>(key: KeyObject, value: T, longest: number): T;
function shorten(key: KeyObject, value: unknown, longest: number): unknown {
  if (typeof value === "string") {
    if (value.length <= longest) return value;
    return `hmac-sha256:${digest(key, "value", value)};length=${value.length}`;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => shorten(key, item, longest));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shorten(key, member, longest)]));
}

/**
 * The record that a line holds, whoever wrote it; undefined when it holds none.
 *
 * @param text the line without its end, one character for each byte (`latin1`).
 */
export function parseLine(text: string): AuditRecord | undefined {
  if (text.length >= maxLineBytes || !/^\{[ -~]+\}$/.test(text)) return undefined;
  try {
    return record(JSON.parse(text), "");
  } catch {
    return undefined;
  }
}
