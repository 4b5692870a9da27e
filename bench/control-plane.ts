import { join } from "node:path";
import { catalogue, type ControlPlane, createControlPlane } from "@cos/control-plane";
import type { Engine } from "@cos/core";
import { createApprovals, createTickets, definePolicy, openAuditLog, type Rule } from "@cos/policy";

/** A control plane on one engine, with these rules and an audit log below the directory. */
export function controlPlaneOn(engine: Engine, directory: string, rules: readonly Rule[]): ControlPlane {
  const policy = definePolicy(rules);
  return createControlPlane({
    operations: catalogue,
    engines: new Map([["local", async () => engine]]),
    policy: async () => policy,
    audit: openAuditLog({ directory: join(directory, "audit"), writer: "bench", key: () => Buffer.alloc(32, 1) }),
    tickets: createTickets(),
    approvals: createApprovals(),
    grants: { use: () => undefined },
    listen: async () => {},
  });
}
