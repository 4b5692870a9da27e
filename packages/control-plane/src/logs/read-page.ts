import { type ExactTime, type LogLine, LogLines, type LogStream } from "@cos/core";
import type { LinePattern } from "./line-pattern.ts";
import { type LineStyle, type LogPage, NewestLines, OldestLines, toPageLine } from "./log-page.ts";
import type { LogSource } from "./log-source.ts";
import { beginningOfTime, GivenEntries, type LogCursor, LogPosition } from "./log-position.ts";

/** Which lines of a log an answer is to hold. */
export interface PageRequest {
  readonly since?: ExactTime | undefined;
  readonly until?: ExactTime | undefined;
  readonly stream: LogStream;
  readonly pattern: LinePattern | undefined;
  readonly style: LineStyle;
  readonly limitBytes: number;
  readonly signal: AbortSignal;
}

/** A part of a log, and where the next one begins. */
export interface ReadPage extends LogPage {
  readonly cursor: LogCursor;
  /** Whether lines follow already. */
  readonly more: boolean;
}

/** Entries that are read beyond those that are wanted, so that it is known where the next page begins. */
const moreEntries = 200;

/** Whether a line is wanted. */
function isWanted({ stream, text }: LogLine, { stream: only, pattern }: PageRequest): boolean {
  return (only === "both" || only === stream) && (pattern === undefined || pattern(text));
}

/** The newest lines that are wanted. Where all are, the engine reads no more of the log than it has to. */
export async function readNewest(source: LogSource, id: string, tail: number, request: PageRequest): Promise<ReadPage> {
  const { since, until, stream, pattern, style, limitBytes, signal } = request;
  const readsAll = since !== undefined || until !== undefined || stream !== "both" || pattern !== undefined;
  for (let entries = tail + moreEntries; ; entries *= 16) {
    const kept = new NewestLines(tail, limitBytes);
    const position = new LogPosition(since);
    const lines = new LogLines(limitBytes);
    let seen = 0;
    let wanted = 0;
    const take = (line: LogLine) => {
      position.addLine(line);
      seen += line.entryTimes.length;
      if (!isWanted(line, request)) return;
      wanted++;
      kept.push(toPageLine(line, style));
    };
    const options = readsAll ? { since, until } : { tail: entries };
    for await (const chunk of source.containers.logs(id, { ...options, timestamps: true, signal })) {
      for (const line of lines.push(chunk)) take(line);
    }
    for (const line of lines.end()) take(line);
    const isWhole = readsAll || seen < entries;
    if (!isWhole) position.missesEarlierEntries();
    // The first line may have begun before the first entry that was read.
    if (isWhole || (wanted > tail && position.isKnown))
      return { ...kept.page(), cursor: position.toCursor(), more: false };
  }
}

/** The oldest lines that are wanted, since a time or behind those that an earlier answer held. */
export async function readOldest(
  source: LogSource,
  id: string,
  from: LogCursor | undefined,
  request: PageRequest,
): Promise<ReadPage> {
  const { since = from?.since ?? beginningOfTime, until, style, limitBytes, signal } = request;
  const kept = new OldestLines(limitBytes);
  const position = new LogPosition(since);
  const given = from === undefined ? undefined : new GivenEntries(from);
  const lines = new LogLines(limitBytes);
  const fits = (line: LogLine) => {
    if (isWanted(line, request) && !kept.push(toPageLine(line, style))) return false;
    position.addLine(line);
    return true;
  };
  const finish = (more: boolean) => ({ ...kept.page(), cursor: position.toCursor(), more });
  for await (const chunk of source.containers.logs(id, { since, until, timestamps: true, signal })) {
    if (chunk.data.byteLength === 0) continue;
    const { isGiven, isFirst } = given?.has(chunk) ?? { isGiven: false, isFirst: false };
    if (isGiven) {
      if (isFirst && chunk.time !== undefined) position.addEntry(chunk.time);
      continue;
    }
    for (const line of lines.push(chunk)) if (!fits(line)) return finish(true);
  }
  for (const line of lines.end()) if (!fits(line)) return finish(true);
  return finish(false);
}
