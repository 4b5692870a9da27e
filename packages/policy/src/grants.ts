import { CosError, ownerName } from "@cos/core";
import * as z from "zod";
import { compileGlob } from "./glob.ts";
import type { Question } from "./question.ts";
import { glob } from "./rule.ts";

const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, { error: "expected letters, digits and . _ -" });
const time = z.iso.datetime({ error: "expected a time in UTC like 2026-01-31T12:00:00Z" });

const grant = z.strictObject({
  id: word,
  /** Exactly one operation. */
  operation: word,
  /** Glob over the target's name. Absent: only calls without a target. */
  targetName: glob.optional(),
  /** Exactly one caller. */
  callerName: ownerName,
  /** Exactly one engine. Absent: any. */
  engine: word.optional(),
  /** How often it can be used, and how often it was. */
  uses: z.int().min(1),
  used: z.int().min(0),
  createdAt: time,
  expiresAt: time,
  createdBy: ownerName,
});

/** A person's standing yes to something that would otherwise need a confirmation or an approval. It lifts no denial. */
export type Grant = Readonly<z.output<typeof grant>>;

/** The contents of the file that grants are kept in. */
export const grantsFile = z.strictObject({ grants: z.array(grant) });

/**
 * The first grant that covers a question at a time and is not used up. It stands for a consent: who asks makes sure that
 * the policy's verdict is `confirm` or `approve`, because no grant changes a `deny`.
 */
export function findGrant(grants: readonly Grant[], question: Question, now: Date): Grant | undefined {
  return grants.find(
    (grant) =>
      grant.operation === question.operation &&
      grant.callerName === question.callerName &&
      (grant.engine === undefined || grant.engine === question.engine) &&
      coversTarget(grant, question) &&
      now.getTime() < Date.parse(grant.expiresAt) &&
      grant.used < grant.uses,
  );
}

function coversTarget(grant: Grant, { targetKind, targetName }: Question): boolean {
  if (grant.targetName === undefined) return targetKind === "none" && targetName === undefined;
  return targetName !== undefined && compileGlob(grant.targetName)(targetName);
}

/**
 * The grants with one of them used once more.
 *
 * @throws CosError `not_found` when there is none of that id; `conflict` when it is used up.
 */
export function useGrant(grants: readonly Grant[], id: string): readonly Grant[] {
  const found = grants.find((grant) => grant.id === id);
  if (found === undefined) {
    throw new CosError("not_found", "There is no such grant.", {
      hint: "It may have been withdrawn; ask for a new one.",
    });
  }
  if (found.used >= found.uses) {
    throw new CosError("conflict", "The grant is used up.", { hint: "Ask for a new one, or confirm the call." });
  }
  return grants.map((grant) => (grant === found ? { ...grant, used: grant.used + 1 } : grant));
}
