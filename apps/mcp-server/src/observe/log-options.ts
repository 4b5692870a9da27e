export const logFormats = ["text", "json"] as const;
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

/** How the log is written. */
export interface LogOptions {
  readonly format: (typeof logFormats)[number];
  /** The least that is written. */
  readonly level: (typeof logLevels)[number];
}

/**
 * The log that the command line asks for. A server for HTTP has one; one on standard input, whose user sees its messages
 * among those of the client, only if it is asked for.
 *
 * @throws Error for words that mean none, with what to say.
 */
export function toLogOptions(
  given: { readonly "log-format"?: string | undefined; readonly "log-level"?: string | undefined },
  isHttp: boolean,
): LogOptions | undefined {
  const { "log-format": format, "log-level": level } = given;
  if (!isHttp && format === undefined && level === undefined) return undefined;
  return {
    format: choose("--log-format", logFormats, format ?? "text"),
    level: choose("--log-level", logLevels, level ?? "info"),
  };
}

function choose<Word extends string>(option: string, words: readonly Word[], given: string): Word {
  const chosen = words.find((word) => word === given);
  if (chosen === undefined) throw new Error(`${option} takes ${words.slice(0, -1).join(", ")} or ${words.at(-1)}.`);
  return chosen;
}
