import { CosError } from "@cos/core";
import type { AuditEvent, AuditLog, AuditStage } from "@cos/policy";

/** The audit records of one call. What is learnt about the call stands in every later one. */
export interface Trail {
  learn(facts: Partial<AuditEvent>): void;
  record(stage: AuditStage, about?: Partial<AuditEvent>): void;
  /** The same, together with other calls' records. Resolves when it is written. */
  recordSoon(stage: AuditStage): Promise<void>;
  /** Does a step of the call. If it throws, that the call failed is recorded, and the failure is passed on as a `CosError`. */
  step<T>(body: () => Promise<T>): Promise<T>;
}

export function openTrail(audit: AuditLog, call: Omit<AuditEvent, "stage">): Trail {
  let known = call;
  const record: Trail["record"] = (stage, about = {}) => audit.record({ ...known, ...about, stage });
  return {
    learn: (facts) => void (known = { ...known, ...facts }),
    record,
    recordSoon: (stage) => audit.recordSoon({ ...known, stage }),
    async step(body) {
      try {
        return await body();
      } catch (error) {
        const failure = CosError.from(error);
        record(failure.details?.["unknown"] === true ? "unknown" : "failed", { code: failure.code });
        throw failure;
      }
    },
  };
}
