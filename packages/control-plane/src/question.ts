import type { Asks, Question, TargetOwnership } from "@cos/policy";
import type { Caller } from "./caller.ts";
import type { Operation, Target } from "./operation.ts";

/** What a call would do, as the rules see it. Pure. */
export function toQuestion(
  operation: Pick<Operation, "name" | "effect">,
  engine: string,
  caller: Caller,
  target: Target | undefined,
  asks: Asks | undefined,
): Question {
  return {
    ...asks,
    operation: operation.name,
    effect: operation.effect,
    engine,
    callerKind: caller.kind,
    callerName: caller.name,
    targetKind: target?.kind ?? "none",
    targetOwnership: toOwnership(target, caller),
    targetOwner: target?.owner,
    targetName: target?.name,
    targetImage: target?.image,
  };
}

function toOwnership(target: Target | undefined, caller: Caller): TargetOwnership {
  if (target === undefined) return "none";
  if (target.owner === undefined) return "unmanaged";
  return target.owner === caller.name ? "own" : "other";
}
