export { catalogue } from "./catalogue.ts";
export { diagnose, type Finding } from "./doctor.ts";
export { findPaths, type Paths } from "./installation.ts";
export { openControlPlane, type ControlPlaneConfig, type OpenControlPlane } from "./open.ts";
export { type Caller, defineOperation, type Operation, type OperationContext, type Target } from "./operation.ts";
export { type Call, type ControlPlane, type ControlPlaneParts, createControlPlane, type Outcome } from "./perform.ts";
export type { ContainerSummary } from "./summary.ts";
