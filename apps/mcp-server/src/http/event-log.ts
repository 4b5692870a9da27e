/** Most that is kept for a session's client to come back for, beside the newest event. */
const maxEvents = 256;
const maxBytes = 1024 * 1024;

/** An event as it stands in a stream, with its id. */
export interface LoggedEvent {
  readonly stream: number;
  readonly text: string;
}

/**
 * What was sent on the streams of one session of late, so that a client whose connection broke gets what it missed. The
 * oldest is forgotten first, whichever stream's it is.
 */
export interface EventLog {
  /** Adds an event. Answers with it, as it is to be sent. */
  add(stream: number, data: string, retryMs?: number): string;
  /** No more is added to the stream. */
  finish(stream: number): void;
  /** The stream of an event, and what followed in it. Undefined when that is not known in full, or never was. */
  after(id: string): { readonly stream: number; readonly events: readonly LoggedEvent[] } | undefined;
}

export function createEventLog(): EventLog {
  const events = new Map<number, LoggedEvent>();
  const streams = new Map<number, { kept: number; forgotten: number; finished: boolean }>();
  let bytes = 0;
  let last = 0;

  const forget = ([number, { stream, text }]: [number, LoggedEvent]) => {
    events.delete(number);
    bytes -= text.length;
    const state = streams.get(stream);
    if (state === undefined) return;
    state.kept--;
    state.forgotten = number;
    if (state.finished && state.kept === 0) streams.delete(stream);
  };
  return {
    add(stream, data, retryMs) {
      last++;
      const retry = retryMs === undefined ? "" : `retry: ${retryMs}\n`;
      const text = `id: ${stream}-${last}\n${retry}data: ${data}\n\n`;
      events.set(last, { stream, text });
      bytes += text.length;
      const state = streams.get(stream);
      if (state === undefined) streams.set(stream, { kept: 1, forgotten: 0, finished: false });
      else state.kept++;
      for (const oldest of events) {
        if (events.size <= maxEvents && bytes <= maxBytes) break;
        if (oldest[0] === last) break;
        forget(oldest);
      }
      return text;
    },
    finish(stream) {
      const state = streams.get(stream);
      if (state === undefined) return;
      state.finished = true;
      if (state.kept === 0) streams.delete(stream);
    },
    after(id) {
      const [, stream, number] = /^(\d{1,15})-(\d{1,15})$/.exec(id)?.map(Number) ?? [];
      if (stream === undefined || number === undefined || number > last) return undefined;
      const state = streams.get(stream);
      if (state === undefined || number < state.forgotten) return undefined;
      const missed = [...events].filter(([at, event]) => at > number && event.stream === stream);
      return { stream, events: missed.map(([, event]) => event) };
    },
  };
}
