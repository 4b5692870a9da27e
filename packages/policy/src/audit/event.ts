import type { Asks, CallerKind, Effect } from "../question.ts";

/**
 * What became of a call. A change is recorded when it starts and when it ends, everything else once. `approved` and
 * `denied` are also recorded when a person decides. `recovered` is the log's own: it closes a torn line.
 */
export const auditStages = [
  "read",
  "previewed",
  "approved",
  "denied",
  "started",
  "succeeded",
  "failed",
  "unknown",
  "recovered",
] as const;
export type AuditStage = (typeof auditStages)[number];

/**
 * Who stood behind a change that policy did not simply allow: the caller that repeated its call with a token, a person
 * at the terminal, nobody (`--yes` in a script), a person who approved elsewhere, or a person's standing grant.
 */
export type Consent = "caller" | "person" | "assumed" | "approval" | "grant";

/** One thing that happened to a call. A closed record: the log writes these members and no others. */
export interface AuditEvent {
  readonly callId: string;
  readonly stage: AuditStage;
  readonly operation: string;
  readonly effect?: Effect | undefined;
  readonly engine: string;
  readonly caller: { readonly kind: CallerKind; readonly name: string };
  readonly target?: { readonly kind: string; readonly id: string; readonly name: string } | undefined;
  /** SHA-256 of the canonical input. The log keeps a keyed hash of it, since inputs may be short and secret. */
  readonly inputDigest?: string | undefined;
  readonly asks?: Asks | undefined;
  /** The rule that decided. */
  readonly rule?: string | undefined;
  readonly consent?: Consent | undefined;
  /** The call whose preview this one confirms. */
  readonly confirms?: string | undefined;
  /** The approval request, or the grant, that this is about. */
  readonly reference?: string | undefined;
  /** The person's key that decided. */
  readonly approver?: string | undefined;
  /** The error's code, where the call ended with one. */
  readonly code?: string | undefined;
}

/** A line of the log as it stands there. */
export interface AuditRecord extends AuditEvent {
  /** Counts a writer's records from 1, across its files. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly writer: string;
  /** A keyed hash of `asks`, in the place of those that would have made the line too long. */
  readonly asksDigest?: string | undefined;
  /** By how many milliseconds the clock went back since the record before, if it did. */
  readonly clockBackMs?: number | undefined;
  /** In a `recovered` record: how many bytes of a torn line stand before it, and their SHA-256. */
  readonly torn?: { readonly bytes: number; readonly sha256: string } | undefined;
  /** The `mac` of the writer's record before; 64 zeros in its first. */
  readonly prev: string;
  /** HMAC-SHA256 over this record without `mac`, with the key for audit. */
  readonly mac: string;
}

/** Where audit events go. The log file is the first such place; a queryable mirror can be another. */
export interface AuditLog {
  /**
   * Writes an event. When it returns, the event is in the log, and on the disk.
   *
   * @throws CosError `failed_precondition` when it cannot be written, or the log is not as it was left; `unavailable` when
   * other processes keep the log locked.
   */
  record(event: AuditEvent): void;
  /**
   * Writes an event together with the others of the same moment, which costs little more than one of them. When it
   * resolves, the event is in the log, and on the disk. Events stay in the order in which they came.
   *
   * @throws CosError as `record`
   */
  recordSoon(event: AuditEvent): Promise<void>;
}
