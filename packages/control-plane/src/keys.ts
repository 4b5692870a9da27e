import { randomBytes } from "node:crypto";
import { CosError, createSigner, deriveKey, type Signer } from "@cos/core";
import { type AuditLog, openAuditLog } from "@cos/policy";
import * as z from "zod";
import type { Paths } from "./installation.ts";
import { createPrivateFile, type PrivateFile, readPrivateFile } from "./private-file.ts";

const keySchema = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  retired: z.array(z.string().regex(/^[0-9a-f]{64}$/)).default([]),
});

/** What is derived from the installation's key. */
export interface Keys {
  readonly signer: Signer;
  /** The keys of the audit log, the current one first, then those of retired keys, which only verify. */
  readonly auditKeys: () => readonly [Buffer, ...Buffer[]];
}

/**
 * The keys of this installation. The one they come from is made once, readable by the user alone, when there is none.
 *
 * @throws CosError `failed_precondition` when the file cannot be read or made, is readable by others, or is damaged.
 */
export function openKeys(path: string): Keys {
  const file: PrivateFile<typeof keySchema> = {
    path,
    what: "key file",
    schema: keySchema,
    hint: "Restore it from a backup. Without it, cos does not recognise what it made before.",
  };
  const { key, retired } = readPrivateFile(file) ?? makeKey(file);
  const [current, ...earlier] = [key, ...retired].map((text) => Buffer.from(text, "hex")) as [Buffer, ...Buffer[]];
  const toAuditKey = (secret: Buffer) => deriveKey(secret, "cos audit v1");
  return {
    signer: createSigner(current, earlier),
    auditKeys: () => [toAuditKey(current), ...earlier.map(toAuditKey)],
  };
}

/** Several processes may start at once: the first to make the file wins, and all use the winner's. */
function makeKey(file: PrivateFile<typeof keySchema>): z.output<typeof keySchema> {
  createPrivateFile(file, { key: randomBytes(32).toString("hex"), retired: [] });
  const made = readPrivateFile(file);
  if (made !== undefined) return made;
  throw new CosError("failed_precondition", `The key file ${file.path} is gone again.`);
}

/** The audit log of this installation. The keys are asked for with the first record. */
export function openInstallationLog(
  { auditDirectory: directory }: Pick<Paths, "auditDirectory">,
  writer: string,
  keys: () => Keys,
): AuditLog {
  return openAuditLog({
    directory,
    writer,
    key: () => keys().auditKeys()[0],
    retiredKeys: () => keys().auditKeys().slice(1),
  });
}
