import { CosError, ownerName, parseWith } from "@cos/core";
import type { CallerKind } from "@cos/policy";

/** Who asks: how the call came in, under which authenticated name, and which host directories it may name. */
export interface Caller {
  readonly kind: CallerKind;
  readonly name: string;
  /** Directories below which bind mounts and build contexts must lie. */
  readonly hostRoots: readonly string[];
}

/** Names that agents cannot have: people's own, and that of cos itself. */
const reservedNames: ReadonlySet<string> = new Set(["user", "cos"]);

/**
 * Refuses callers whose name is none, or is somebody else's.
 *
 * @throws CosError `invalid_argument`
 */
export function assertCaller({ kind, name }: Caller): void {
  parseWith(ownerName, name, "caller's name");
  if ((kind === "stdio" || kind === "http") && reservedNames.has(name)) {
    throw new CosError("invalid_argument", `The name ${name} is reserved; an agent cannot have it.`, {
      hint: "Give the agent another name.",
    });
  }
}
