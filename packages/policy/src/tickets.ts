import { createHash, randomBytes } from "node:crypto";
import { type Binding, bindingDigest } from "./binding.ts";

export interface TicketsOptions {
  /** A clock that only goes forward, in milliseconds; the process's own unless given. */
  readonly now?: (() => number) | undefined;
  /** How long a token is good for, in seconds; 120 unless set. */
  readonly ttlSeconds?: number | undefined;
  /** Most tokens that one caller may have open; 32 unless set. */
  readonly perCaller?: number | undefined;
  /** Most tokens open in all; 1024 unless set. */
  readonly inAll?: number | undefined;
}

/** What a token stood for. */
export interface Ticket {
  /** The call that was previewed. */
  readonly callId: string;
  /** Whether the token was issued for exactly this. */
  covers(binding: Binding): boolean;
}

/** Single-use tokens, in memory. Each is for exactly one binding. */
export interface Tickets {
  /**
   * A new token: 192 random bits.
   *
   * @param callId the call that was previewed.
   * @returns undefined when the caller, or everybody together, has too many open. Nobody else's token is dropped for it.
   */
  issue(binding: Binding, callId: string): { readonly token: string; readonly expiresInSeconds: number } | undefined;
  /**
   * Uses up a token, whatever it is then used for. It is good until just before its time is over, and it is good once.
   *
   * @returns what the token stood for; undefined when it is not, or no longer, good for anything.
   */
  redeem(token: string): Ticket | undefined;
}

const tokenBytes = 24;
const tokenForm = /^[A-Za-z0-9_-]{32}$/;

interface OpenTicket {
  readonly bindingDigest: string;
  readonly callId: string;
  readonly callerKey: string;
  readonly expiresAt: number;
}

export function createTickets({
  now = () => performance.now(),
  ttlSeconds = 120,
  perCaller = 32,
  inAll = 1024,
}: TicketsOptions = {}): Tickets {
  /** By the token's hash, so that a look-up takes as long for a near miss as for any other; the oldest first. */
  const open = new Map<string, OpenTicket>();
  const openOf = new Map<string, number>();

  const close = (key: string, { callerKey }: OpenTicket) => {
    open.delete(key);
    const left = (openOf.get(callerKey) ?? 0) - 1;
    if (left > 0) openOf.set(callerKey, left);
    else openOf.delete(callerKey);
  };
  /** All tokens live equally long, so the first that is still good ends the search. */
  const closeExpired = () => {
    for (const [key, ticket] of open) {
      if (now() < ticket.expiresAt) break;
      close(key, ticket);
    }
  };
  const redeem = (token: string): Ticket | undefined => {
    if (typeof token !== "string" || !tokenForm.test(token)) return undefined;
    const key = hashOf(token);
    const ticket = open.get(key);
    if (ticket === undefined) return undefined;
    close(key, ticket);
    if (now() >= ticket.expiresAt) return undefined;
    return { callId: ticket.callId, covers: (binding) => bindingDigest(binding) === ticket.bindingDigest };
  };

  return {
    issue(binding, callId) {
      closeExpired();
      const callerKey = JSON.stringify([binding.caller.kind, binding.caller.name]);
      const openOfCaller = openOf.get(callerKey) ?? 0;
      if (openOfCaller >= perCaller || open.size >= inAll) return undefined;
      const token = randomBytes(tokenBytes).toString("base64url");
      const expiresAt = now() + ttlSeconds * 1000;
      open.set(hashOf(token), { bindingDigest: bindingDigest(binding), callId, callerKey, expiresAt });
      openOf.set(callerKey, openOfCaller + 1);
      return { token, expiresInSeconds: ttlSeconds };
    },
    redeem,
  };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
