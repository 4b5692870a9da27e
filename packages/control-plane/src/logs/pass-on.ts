import { type LogLine, LogLines, type LogOptions, type OutputSink } from "@cos/core";
import type { LinePattern } from "./line-pattern.ts";
import { type LineStyle, toPageLine } from "./log-page.ts";
import type { LogSource } from "./log-source.ts";

/** Longest line that is shown or compared with a pattern whole, in bytes. */
export const maxLineBytes = 64 * 1024;

/** Passes a log on as it comes, byte by byte. */
export async function passOnBytes(
  source: LogSource,
  id: string,
  options: LogOptions,
  output: OutputSink,
): Promise<void> {
  for await (const chunk of source.containers.logs(id, options)) await output(chunk);
}

/**
 * Passes the lines of a log on that match, as they come.
 *
 * @returns bytes that were left out of longer lines.
 */
export async function passOnLines(
  source: LogSource,
  id: string,
  options: LogOptions,
  { pattern, style, output }: { pattern: LinePattern | undefined; style: LineStyle; output: OutputSink },
): Promise<number> {
  let cutBytes = 0;
  const lines = new LogLines(maxLineBytes);
  const pass = async (line: LogLine) => {
    if (pattern?.(line.text) === false) return;
    cutBytes += line.cutBytes;
    await output({ stream: line.stream, data: Buffer.from(toPageLine(line, style).shown) });
  };
  for await (const chunk of source.containers.logs(id, { ...options, timestamps: style.timestamps })) {
    for (const line of lines.push(chunk)) await pass(line);
  }
  for (const line of lines.end()) await pass(line);
  return cutBytes;
}
