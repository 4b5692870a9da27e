import { addApprovalCommands } from "./approvals.ts";
import { addAuditCommands } from "./audit.ts";
import { addEngineCommands } from "./engines.ts";
import { addGrantCommands } from "./grants.ts";
import { addMcpCommands } from "./mcp-clients/commands.ts";
import { addPolicyCommands } from "./policy.ts";
import { addSecretCommands } from "./secrets.ts";
import { addTokenCommands } from "./tokens.ts";

/** The commands of an operator, by the word they begin with. In one module, so that they are loaded as one when wanted. */
export const operatorCommands = {
  approvals: addApprovalCommands,
  audit: addAuditCommands,
  engine: addEngineCommands,
  grants: addGrantCommands,
  mcp: addMcpCommands,
  policy: addPolicyCommands,
  secrets: addSecretCommands,
  token: addTokenCommands,
};
