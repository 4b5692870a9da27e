import { pino } from "pino";
import type { LogOptions } from "./log-options.ts";
import { type LineWriter, openStderrLines } from "./stderr-lines.ts";
import { createTextFormat } from "./text-format.ts";

/** What an entry tells beside its words, as plain JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** The log for whoever runs the server. Each entry is written before the function returns. */
export interface Log {
  /** Whether anything comes of {@link Log.debug}. */
  readonly debugs: boolean;
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
}

/** Opens the log: entries as lines of JSON, or as text for people. */
export function openLog({ format, level }: LogOptions, out: LineWriter = openStderrLines()): Log {
  const toLine = format === "json" ? toAscii : createTextFormat();
  return pinoLog(level, (json) => out.write(toLine(json)));
}

function pinoLog(level: LogOptions["level"], write: (json: string) => void): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
    },
    { write },
  );
  return {
    debugs: logger.isLevelEnabled("debug"),
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

/** JSON in ASCII alone: whatever a terminal or a reader of lines could take for more than text is an escape. */
function toAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
