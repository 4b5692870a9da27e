import { engineName, planService, type ServiceDrift, type ServicePlan, type ServiceRequest } from "@cos/core";
import type { OperationContext, Preview, Target } from "./operation.ts";
import { toContainerTarget } from "./resolve.ts";
import { describeAsks } from "./workload-asks.ts";

const lost = "What is lost are its files outside named volumes and host paths, its log and its anonymous volumes.";

/** What ensuring a service would do. */
export async function previewEnsure(context: OperationContext, request: ServiceRequest): Promise<Preview> {
  const plan = await planService(context.engine, request, { signal: context.signal });
  const { from, sandbox, changes } = await describeAsks(context, request.spec);
  const repair = plan.repairs ? ["A replacement of it was interrupted, and is brought to an end first."] : [];
  return {
    text: [...repair, ...sentencesOf(plan, engineName(request.spec.name ?? ""), from), sandbox].join(" "),
    changes: {
      action: "ensure",
      outcome: plan.status,
      repairs: plan.repairs,
      containerId: plan.container?.id,
      drift: plan.drift.map(withoutVariable),
      ...changes,
    },
  };
}

function sentencesOf({ status, drift }: ServicePlan, name: string, from: string): string[] {
  switch (status) {
    case "created":
      return [`Make the service ${name} from ${from}, and start it.`];
    case "started":
      return [`Start the service ${name}, which is as asked for.`];
    case "recreated":
      return [`Replace the service ${name} by a new one from ${from}, for it differs in ${partsOf(drift)}.`, lost];
    case "drifted":
      return [`Change nothing: the service ${name} differs from what is asked for in ${partsOf(drift)}.`];
    default:
      return [`Change nothing: the service ${name} runs as asked for.`];
  }
}

/** The parts of the spec that differ. What is below them can be named by the caller. */
function partsOf(drift: readonly ServiceDrift[]): string {
  return [...new Set(drift.map(({ field }) => field.split(".", 1)[0] ?? field))].join(", ");
}

/** Values of variables are their owner's alone, and a preview may be shown to an approver. */
function withoutVariable(drift: ServiceDrift): ServiceDrift {
  return drift.field.startsWith("variables.") ? { field: drift.field } : drift;
}

/** The caller's own container that a service's name means; undefined when there is none. */
export async function findOwnService(
  { engine, caller, signal }: OperationContext,
  name: string,
): Promise<Target | undefined> {
  const containers = await engine.containers.list({ managed: true }, { signal });
  const found = containers.find(
    (container) =>
      container.name === engineName(name) &&
      container.ownership.status === "managed" &&
      container.ownership.labels.owner === caller.name,
  );
  return found === undefined ? undefined : toContainerTarget(await engine.containers.get(found.id, { signal }));
}
