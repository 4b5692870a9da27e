/** How much of the server clients may use. Times are in milliseconds. */
export interface Limits {
  /** Requests a second of one caller, over some seconds. */
  readonly ratePerSecond: number;
  /** Calls of one caller that run at the same time. */
  readonly callsPerCaller: number;
  /** Sessions of one caller. Its oldest one that does nothing ends for a new one. */
  readonly sessionsPerCaller: number;
  readonly sessions: number;
  readonly connections: number;
  /** How long a session lives whose client is not connected. */
  readonly idleMs: number;
  /** The same while it has calls running: they are cancelled then. */
  readonly abandonedMs: number;
  /** How often sessions are looked after: those ended whose time is over, connections kept alive. */
  readonly lookMs: number;
  /** How long a client may take for the headers of a request, and for all of it. */
  readonly headersMs: number;
  readonly requestMs: number;
}

export const defaultLimits: Limits = {
  ratePerSecond: 100,
  callsPerCaller: 64,
  sessionsPerCaller: 64,
  sessions: 512,
  connections: 1024,
  idleMs: 30 * 60_000,
  abandonedMs: 60_000,
  lookMs: 15_000,
  headersMs: 10_000,
  requestMs: 30_000,
};

/** How many seconds' worth of requests may come at once. */
const burstSeconds = 5;
/** So many names are known at the same time before the quiet ones among them are forgotten. */
const maxKnown = 10_000;

/** Counts requests, each under a name. */
export interface RateLimit {
  /** Takes one request into account. Answers with the seconds to wait when it is one too many, and with 0 otherwise. */
  take(name: string): number;
}

export function createRateLimit(ratePerSecond: number): RateLimit {
  /** When a name has paid for its requests so far, at the rate, in seconds of `performance.now()`. */
  const paidAt = new Map<string, number>();
  return {
    take(name) {
      const now = performance.now() / 1000;
      const paid = Math.max(paidAt.get(name) ?? 0, now) + 1 / ratePerSecond;
      const waitSeconds = paid - now - burstSeconds;
      if (waitSeconds > 0) return Math.ceil(waitSeconds);
      if (paidAt.size >= maxKnown) for (const [known, at] of paidAt) if (at <= now) paidAt.delete(known);
      paidAt.set(name, paid);
      return 0;
    },
  };
}
