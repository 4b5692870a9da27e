import { createHash } from "node:crypto";
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

/**
 * The name of a caller whom an OAuth issuer knows. No access token has such a name, so nobody becomes an agent of this
 * installation by choosing its name there, and different subjects have different names.
 *
 * @param subject what the issuer calls it.
 */
export function toOauthName(subject: string): string {
  const name = `oauth-${subject}`;
  if (ownerName.safeParse(name).success) return name;
  return `oauth.${createHash("sha256").update(subject).digest("hex").slice(0, 48)}`;
}

/** Whether a name is one that {@link toOauthName} could make. */
export function isOauthName(name: string): boolean {
  return /^oauth[-.]/.test(name);
}
