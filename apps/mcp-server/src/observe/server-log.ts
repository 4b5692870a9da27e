import type { Log } from "./log.ts";
import type { RefusalReason, ServerEvents, SessionFacts } from "./server-events.ts";

/** Within this time, in milliseconds, so many refused requests get a line of their own. The rest are told in one, as numbers. */
const windowMs = 10_000;
const linesPerWindow = 10;

export interface ServerLog extends ServerEvents {
  /** Writes what has only been counted so far. */
  close(): void;
}

/** Writes lines for sessions, and for refused requests no more than whoever sends them should be able to make cos write. */
export function logServer(log: Log): ServerLog {
  const counted = new Map<RefusalReason, number>();
  let lines = 0;
  let window: NodeJS.Timeout | undefined;

  const endWindow = () => {
    clearTimeout(window);
    window = undefined;
    lines = 0;
    if (counted.size === 0) return;
    const more = [...counted.values()].reduce((sum, count) => sum + count, 0);
    log.warn({ refused: Object.fromEntries(counted) }, `${more} more requests were refused`);
    counted.clear();
  };

  return {
    sessionOpened: (session) => log.info(toFields(session), "session opened"),
    sessionClosed: (session) => log.info(toFields(session), "session closed"),
    refused({ why, status, address, caller }) {
      window ??= setTimeout(endWindow, windowMs).unref();
      lines += 1;
      if (lines > linesPerWindow) {
        counted.set(why, (counted.get(why) ?? 0) + 1);
        return;
      }
      const who = caller === undefined ? {} : { caller: caller.name, callerKind: caller.kind };
      log.warn({ ...who, why, httpStatus: status, address }, "request refused");
    },
    close: endWindow,
  };
}

function toFields({ id, caller }: SessionFacts) {
  return { caller: caller.name, callerKind: caller.kind, sessionId: id.slice(0, 8) };
}
