import type { Approval, Approvals, AuditEvent, AuditLog } from "@cos/policy";
import type { Paths } from "../installation.ts";
import { readApprovers } from "./keys.ts";
import { type ApprovalServer, openApprovalServer } from "./server.ts";

/**
 * Lets the installation's approvers see and decide what waits in this process, and records what they decide.
 *
 * @param writer what this process is, for people, e.g. `mcp`.
 * @throws CosError as `openApprovalServer` does.
 */
export async function listenForApprovers(
  { runtimeDirectory, approversFile }: Pick<Paths, "runtimeDirectory" | "approversFile">,
  { approvals, audit, writer }: { readonly approvals: Approvals; readonly audit: AuditLog; readonly writer: string },
): Promise<ApprovalServer> {
  return await openApprovalServer({
    directory: runtimeDirectory,
    approvals,
    writer,
    trustedKeys: () => readApprovers(approversFile),
    onDecision: (approval, decision) => audit.record(toDecisionEvent(approval, decision)),
  });
}

/** That a person decided, as the audit log has it: with the call that asked. */
function toDecisionEvent(
  { binding, callId, reference, rule, asks, targetName }: Approval,
  { approved, approver }: { readonly approved: boolean; readonly approver: string },
): AuditEvent {
  const { caller, operation, engine, target, inputDigest } = binding;
  return {
    callId,
    operation,
    engine,
    caller,
    inputDigest,
    asks,
    rule,
    reference,
    approver,
    stage: approved ? "approved" : "denied",
    target: target && { kind: target.kind, id: target.id, name: targetName ?? "" },
    consent: "approval",
  };
}
