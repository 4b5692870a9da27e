import { LogLines, type OutputSink, printable, type ProgressSink } from "@cos/core";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";

/** Most bytes of a line of output that are told. */
const maxLineBytes = 500;
/** How many lines are told at a time, and how often, in milliseconds: as many as somebody could read. */
const maxLines = 10;
const everyMs = 250;

/** What tells a client how its call goes, while it runs. */
export interface ToldProgress {
  readonly progress: ProgressSink;
  /** Tells the newest lines of what a job or command writes. The answer has the whole of it. */
  readonly output: OutputSink;
  /** Tells what is left to tell. */
  readonly end: () => void;
}

/** For a client that asked for progress. */
export function toProgress({
  _meta,
  sendNotification,
}: RequestHandlerExtra<ServerRequest, ServerNotification>): ToldProgress | undefined {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  const tell = (message: string) => {
    const params = { progressToken, progress: ++progress, message: printable(message) };
    // It fails when the client has gone, which is noticed elsewhere.
    sendNotification({ method: "notifications/progress", params }).catch(() => undefined);
  };

  const written = new LogLines(maxLineBytes);
  let lines: string[] = [];
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;
  const tellLines = () => {
    clearTimeout(timer);
    timer = undefined;
    if (leftOut > 0) tell(`(${leftOut} lines are left out here)`);
    for (const line of lines) tell(line);
    lines = [];
    leftOut = 0;
  };
  const take = (found: ReturnType<LogLines["push"]>) => {
    if (found.length === 0) return;
    const all = [
      ...lines,
      ...found.slice(-maxLines).map(({ stream, text, cutBytes }) => `${stream}: ${text}${cutBytes > 0 ? "…" : ""}`),
    ];
    leftOut += lines.length + found.length - Math.min(all.length, maxLines);
    lines = all.slice(-maxLines);
    timer ??= setTimeout(tellLines, everyMs);
  };
  return {
    progress: ({ message }) => tell(message),
    output: (chunk) => take(written.push(chunk)),
    end: () => {
      take(written.end());
      tellLines();
    },
  };
}
