import { randomUUID } from "node:crypto";
import { CosError } from "@cos/core";
import type { AuditEvent, AuditLog } from "@cos/policy";
import type { Caller } from "./caller.ts";

/** What an operator does that is no call, as the log has it. */
export interface RecordedDeed {
  readonly operation: string;
  readonly target: NonNullable<AuditEvent["target"]>;
  readonly engine?: string | undefined;
}

/**
 * Does something that is no call, between two records of it.
 *
 * @throws CosError what the deed throws, and what the log throws; nothing was done when the first record cannot be written.
 */
export function recorded(
  log: AuditLog,
  { operation, target, engine = "" }: RecordedDeed,
  { kind, name }: Caller,
  deed: () => void,
): void {
  const event = { callId: randomUUID(), operation, effect: "mutate", engine, caller: { kind, name }, target } as const;
  log.record({ ...event, stage: "started" });
  try {
    deed();
  } catch (error) {
    const failure = CosError.from(error);
    log.record({ ...event, stage: "failed", code: failure.code });
    throw failure;
  }
  log.record({ ...event, stage: "succeeded" });
}
