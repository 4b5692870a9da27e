export {
  type Approval,
  type Approvals,
  type ApprovalsOptions,
  type ApprovalState,
  type ApprovalSubject,
  createApprovals,
} from "./approvals.ts";
export {
  type AuditEvent,
  type AuditLog,
  type AuditRecord,
  type AuditStage,
  auditStages,
  type Consent,
} from "./audit/event.ts";
export { type AuditLogOptions, openAuditLog } from "./audit/log.ts";
export { type AuditFilter, readAuditLog, type ReadOptions } from "./audit/read.ts";
export { type AuditFinding, type AuditVerification, verifyAuditLog, type VerifyOptions } from "./audit/verify.ts";
export { type Binding, bindingDigest } from "./binding.ts";
export { defaultPolicy, defaultRules } from "./default-rules.ts";
export { definePolicy } from "./define-policy.ts";
export { type DocumentIssue, parseDocument } from "./document.ts";
export { type Expectation, type ExpectationResult, parseExpectations, runExpectations } from "./expectations.ts";
export { findGrant, type Grant, grantsFile, useGrant } from "./grants.ts";
export { withLock } from "./lock.ts";
export { parsePolicyFile, type PolicyFile, toPolicySchema, toRules } from "./policy-file.ts";
export type { Decision, Policy, PolicyOptions, RuleJudgement } from "./policy.ts";
export {
  type Asks,
  type CallerKind,
  callerKinds,
  type Effect,
  effects,
  type Question,
  type TargetKind,
  type TargetOwnership,
} from "./question.ts";
export { findUnreachable, type ReachabilityFinding } from "./reachability.ts";
export type { Rule } from "./rule.ts";
export { type RuleForCaller, rulesFor } from "./rules-for.ts";
export { createTickets, type Ticket, type Tickets, type TicketsOptions } from "./tickets.ts";
export type { Verdict } from "./verdict.ts";
