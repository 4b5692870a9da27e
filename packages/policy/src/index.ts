export { type AuditEvent, type AuditLog, openAuditLog } from "./audit.ts";
export {
  allowOperations,
  type Asks,
  type CallerKind,
  type Decision,
  type Effect,
  type Policy,
  type Question,
} from "./policy.ts";
