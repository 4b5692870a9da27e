import { randomBytes } from "node:crypto";
import { CosError } from "@cos/core";
import { type Binding, bindingDigest } from "./binding.ts";
import type { Asks } from "./question.ts";

/** What a person sees who is asked to approve. */
export interface ApprovalSubject {
  /** What would change, in words. Holds nothing that the caller wrote but names that were checked. */
  readonly text: string;
  /** The same as data. */
  readonly changes: Readonly<Record<string, unknown>>;
  readonly asks?: Asks | undefined;
  readonly targetName?: string | undefined;
  readonly targetOwner?: string | undefined;
  readonly rule: string;
  readonly reason: string;
  /** The call's input as it was parsed: text that the caller wrote. */
  readonly input: unknown;
  readonly callId: string;
}

export type ApprovalState = "pending" | "approved" | "denied";

/** What can happen to a request: it is made, decided, used up by its call, or its time is over. */
export type ApprovalChange = "requested" | "approved" | "denied" | "used" | "expired";

/** A request that waits for a person, or was decided and not used yet. */
export interface Approval extends ApprovalSubject {
  /** Names the request, easy to type: 8 digits and lower-case letters. It is no secret and approves nothing. */
  readonly reference: string;
  readonly binding: Binding;
  readonly state: ApprovalState;
  readonly requestedAt: Date;
  /** When the request ends: as one that waits, or later as one that was decided. */
  readonly expiresAt: Date;
  /** Who decided, once somebody did. */
  readonly approver?: string | undefined;
  /** What the person said about it. */
  readonly comment?: string | undefined;
}

export interface ApprovalsOptions {
  /** A clock that only goes forward, in milliseconds; the process's own unless given. */
  readonly now?: (() => number) | undefined;
  /** The time of day, for people; the system's unless given. */
  readonly today?: (() => Date) | undefined;
  /** How long a request waits, in seconds; 900 unless set. */
  readonly ttlSeconds?: number | undefined;
  /** How long a decision holds, in seconds; 300 unless set. */
  readonly decidedTtlSeconds?: number | undefined;
  /** Most requests that one caller may have open; 16 unless set. */
  readonly perCaller?: number | undefined;
  /** Most requests open in all; 256 unless set. */
  readonly inAll?: number | undefined;
}

/**
 * Requests for a person's approval, in memory. An `Approval` that was handed out does not change. A request that was
 * denied stays for as long as a decision holds, so that the same call is not asked about again and again.
 */
export interface Approvals {
  /**
   * The open request for a binding: the one there is, or a new one that waits.
   *
   * @returns undefined when the caller, or everybody together, has too many open.
   */
  request(binding: Binding, subject: ApprovalSubject): Approval | undefined;
  /** Uses up the approval of a binding. Undefined unless there is one that was approved. */
  consume(binding: Binding): Approval | undefined;
  /**
   * Decides a request that waits.
   *
   * @throws CosError `not_found` when there is no such request (any more); `conflict` when it was decided before.
   */
  decide(
    reference: string,
    decision: { readonly approved: boolean; readonly approver: string; readonly comment?: string | undefined },
  ): Approval;
  get(reference: string): Approval | undefined;
  /** Requests that wait, oldest first. */
  list(): readonly Approval[];
  /**
   * Waits until a request is decided, or its time is over. A request that is not there (any more) counts as expired.
   *
   * @throws CosError `cancelled`
   */
  settled(reference: string, signal?: AbortSignal): Promise<"approved" | "denied" | "expired">;
  /** Calls back, at once, with whatever happens to a request. Returns what ends it. */
  watch(onChange: (approval: Approval, what: ApprovalChange) => void): () => void;
}

/** Digits and letters without those that are easily taken for one another. There are 32, so 5 random bits choose one. */
const referenceAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const referenceLength = 8;

/** The longest that a timer of Node can wait. */
const maxTimerMs = 2 ** 31 - 1;

interface OpenApproval {
  approval: Approval;
  readonly bindingDigest: string;
  /** On the clock that only goes forward. */
  expiresAtMs: number;
  readonly waiting: Set<(how: "approved" | "denied" | "expired") => void>;
}

export function createApprovals({
  now = () => performance.now(),
  today = () => new Date(),
  ttlSeconds = 900,
  decidedTtlSeconds = 300,
  perCaller = 16,
  inAll = 256,
}: ApprovalsOptions = {}): Approvals {
  /** By reference, the oldest first. */
  const open = new Map<string, OpenApproval>();
  const listeners = new Set<(approval: Approval, what: ApprovalChange) => void>();
  let timer: NodeJS.Timeout | undefined;

  const tell = (approval: Approval, what: ApprovalChange) => {
    for (const onChange of listeners) onChange(approval, what);
  };
  const settle = ({ waiting }: OpenApproval, how: "approved" | "denied" | "expired") => {
    for (const resolve of waiting) resolve(how);
    waiting.clear();
  };
  const expireWhenDue = () => {
    clearTimeout(timer);
    const soonest = Math.min(...[...open.values()].map(({ expiresAtMs }) => expiresAtMs));
    if (soonest === Infinity) return;
    timer = setTimeout(closeExpired, Math.min(Math.ceil(soonest - now()), maxTimerMs)).unref();
  };
  function closeExpired() {
    for (const entry of open.values()) {
      if (now() < entry.expiresAtMs) continue;
      open.delete(entry.approval.reference);
      settle(entry, "expired");
      tell(entry.approval, "expired");
    }
    expireWhenDue();
  }
  const findOpen = (binding: Binding) => {
    closeExpired();
    const digest = bindingDigest(binding);
    return [...open.values()].find((entry) => entry.bindingDigest === digest);
  };
  const getOpen = (reference: string) => {
    closeExpired();
    return open.get(reference);
  };

  return {
    request(binding, subject) {
      const found = findOpen(binding);
      if (found !== undefined) return found.approval;
      const { kind, name } = binding.caller;
      const ofCaller = [...open.values()].filter(({ approval }) => {
        const { caller } = approval.binding;
        return caller.kind === kind && caller.name === name;
      });
      if (ofCaller.length >= perCaller || open.size >= inAll) return undefined;

      let reference = newReference();
      while (open.has(reference)) reference = newReference();
      const requestedAt = today();
      const expiresAt = after(requestedAt, ttlSeconds);
      const approval: Approval = { ...subject, reference, binding, state: "pending", requestedAt, expiresAt };
      open.set(reference, {
        approval,
        bindingDigest: bindingDigest(binding),
        expiresAtMs: now() + ttlSeconds * 1000,
        waiting: new Set(),
      });
      expireWhenDue();
      tell(approval, "requested");
      return approval;
    },

    consume(binding) {
      const entry = findOpen(binding);
      if (entry?.approval.state !== "approved") return undefined;
      open.delete(entry.approval.reference);
      expireWhenDue();
      tell(entry.approval, "used");
      return entry.approval;
    },

    decide(reference, { approved, approver, comment }) {
      const entry = getOpen(reference);
      if (entry === undefined) {
        throw new CosError("not_found", "There is no such request for approval.", {
          hint: "It may have expired, or its call went ahead. List the requests that wait.",
        });
      }
      const { approval } = entry;
      if (approval.state !== "pending") {
        throw new CosError(
          "conflict",
          `The request ${reference} was ${approval.state} by ${approval.approver} before.`,
          {
            hint: "The caller can repeat the call to ask again once that decision was used or has expired.",
          },
        );
      }
      const state = approved ? "approved" : "denied";
      entry.approval = { ...approval, state, approver, comment, expiresAt: after(today(), decidedTtlSeconds) };
      entry.expiresAtMs = now() + decidedTtlSeconds * 1000;
      expireWhenDue();
      settle(entry, state);
      tell(entry.approval, state);
      return entry.approval;
    },

    get: (reference) => getOpen(reference)?.approval,

    list() {
      closeExpired();
      return [...open.values()].map(({ approval }) => approval).filter(({ state }) => state === "pending");
    },

    async settled(reference, signal) {
      if (signal?.aborted === true) throw cancelled();
      const entry = getOpen(reference);
      if (entry === undefined) return "expired";
      const { state } = entry.approval;
      if (state !== "pending") return state;
      return await new Promise((resolve, reject) => {
        const onSettled = (how: "approved" | "denied" | "expired") => {
          signal?.removeEventListener("abort", onAbort);
          resolve(how);
        };
        const onAbort = () => {
          entry.waiting.delete(onSettled);
          reject(cancelled());
        };
        entry.waiting.add(onSettled);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    },

    watch(onChange) {
      // A listener of its own, so that whoever watches twice is called twice and ends each by itself.
      const listener: typeof onChange = (approval, what) => onChange(approval, what);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function newReference(): string {
  return Array.from(randomBytes(referenceLength), (byte) => referenceAlphabet[byte % referenceAlphabet.length]).join(
    "",
  );
}

function after(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000);
}

function cancelled(): CosError {
  return new CosError("cancelled", "The call was cancelled while it waited for an approval.");
}
