import type { AuditRecord, AuditStage } from "./event.ts";

/** Which records are wanted; members are joined by AND. */
export interface AuditFilter {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** `kind`, `name` or `kind:name`. */
  readonly caller?: string | undefined;
  /** The caller's name, however it came. */
  readonly callerName?: string | undefined;
  readonly operation?: string | undefined;
  /** Part of the target's name, or the start of its id. */
  readonly target?: string | undefined;
  readonly stages?: readonly AuditStage[] | undefined;
  /** The start of a call's id. */
  readonly callId?: string | undefined;
}

export function matches(filter: AuditFilter, { time, caller, operation, target, stage, callId }: AuditRecord): boolean {
  const at = Date.parse(time);
  return (
    (filter.since === undefined || at >= filter.since.getTime()) &&
    (filter.until === undefined || at <= filter.until.getTime()) &&
    (filter.caller === undefined ||
      [caller.kind, caller.name, `${caller.kind}:${caller.name}`].includes(filter.caller)) &&
    (filter.callerName === undefined || caller.name === filter.callerName) &&
    (filter.operation === undefined || operation === filter.operation) &&
    (filter.target === undefined ||
      (target !== undefined && (target.name.includes(filter.target) || target.id.startsWith(filter.target)))) &&
    (filter.stages === undefined || filter.stages.includes(stage)) &&
    (filter.callId === undefined || callId.startsWith(filter.callId))
  );
}
