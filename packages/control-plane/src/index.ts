export type {
  AuditFilter,
  AuditFinding,
  AuditRecord,
  AuditStage,
  AuditVerification,
  ExpectationResult,
  Grant,
  ReachabilityFinding,
  Rule,
} from "@cos/policy";
export { auditStages } from "@cos/policy";
export { openTokenGate, type ShownToken, type TokenGate } from "./access-tokens/gate.ts";
export type { AccessToken, TokenRequest } from "./access-tokens/manage.ts";
export { decideApproval, listApprovals, showApproval } from "./approvals/client.ts";
export type { ApproverAccess } from "./approvals/connection.ts";
export type { ApprovalView } from "./approvals/protocol.ts";
export { type ApprovalEvent, watchApprovals } from "./approvals/watch.ts";
export { catalogue } from "./catalogue.ts";
export { type EngineSettings, loadEngines } from "./engines/settings.ts";
export { diagnose } from "./doctor.ts";
export type { Finding } from "./engine-health.ts";
export { formatBytes } from "./format-bytes.ts";
export { findPaths, isReadOnly, type Paths } from "./installation.ts";
export { openControlPlane, type ControlPlaneConfig, type OpenControlPlane } from "./open.ts";
export { assertCaller, type Caller, toOauthName } from "./caller.ts";
export type { CallerView, OwnRecord } from "./caller-view.ts";
export type { ImageSummary } from "./image-summary.ts";
export { defineOperation, type Operation, type OperationContext, type Preview, type Target } from "./operation.ts";
export type { NetworkSummary } from "./network-summary.ts";
export { type GrantRequest, openOperator, type Operator, type OperatorConfig } from "./operator.ts";
export {
  type Call,
  type ControlPlane,
  type ControlPlaneParts,
  createControlPlane,
  type Explanation,
  type Outcome,
} from "./perform.ts";
export { isMeant } from "./resolve.ts";
export type { SecretListing } from "./secrets-table.ts";
export type { ContainerSummary } from "./summary.ts";
export type { VolumeSummary } from "./volume-summary.ts";
