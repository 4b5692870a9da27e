import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { CosError, ownerName, parseWith } from "@cos/core";
import { withLock } from "@cos/policy";
import * as z from "zod";
import { createPrivateFile, type PrivateFile, readPrivateFile, replacePrivateFile } from "../private-file.ts";

/** An Ed25519 public key: base64 of its DER form, which always begins alike. */
const publicKey = z.string().regex(/^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/);
const approver = z.strictObject({ name: ownerName, publicKey });

/** Somebody who may approve. */
export type Approver = Readonly<z.output<typeof approver>>;

/** What proves that one is an approver. */
export interface ApproverKey extends Approver {
  readonly privateKey: KeyObject;
}

const keySchema = z.strictObject({ name: ownerName, privateKey: z.string().regex(/^[A-Za-z0-9+/]{64}$/) });
const approversSchema = z.strictObject({ approvers: z.array(approver).max(1000) });

const keyFileAt = (path: string): PrivateFile<typeof keySchema> => ({
  path,
  what: "approver's key",
  schema: keySchema,
  hint: "Restore it from a backup, or remove it and let cos make another one.",
});
const approversFileAt = (path: string): PrivateFile<typeof approversSchema> => ({
  path,
  what: "list of approvers",
  schema: approversSchema,
  hint: 'It has the form {"approvers": [{"name": "...", "publicKey": "..."}]}. Until it is right, nobody can approve.',
  readable: true,
});

/**
 * The key of the person who runs this process. When there is none, one is made, and servers that go by the list of
 * approvers trust it from then on. A key that is not on the list any more is not put back.
 *
 * It keeps apart people and agents only where the agent cannot read the key or write the list: an agent with a shell
 * under the person's own user, or under the servers', can do what they can.
 *
 * @param name whom the audit log names, where a key is made.
 * @throws CosError `failed_precondition` when a file cannot be used; `invalid_argument` for a name that is none.
 */
export function ensureApproverKey(options: {
  readonly keyFile: string;
  readonly approversFile: string;
  readonly name: string;
}): ApproverKey {
  const { keyFile, approversFile } = options;
  const file = keyFileAt(keyFile);
  const found = readPrivateFile(file);
  const key = found === undefined ? makeKey(file, options.name) : toKey(file, found);
  if (found === undefined || !existsSync(approversFile)) register(approversFile, key);
  return key;
}

function makeKey(file: PrivateFile<typeof keySchema>, name: string): ApproverKey {
  parseWith(ownerName, name, "approver's name");
  const { privateKey } = generateKeyPairSync("ed25519");
  const text = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
  createPrivateFile(file, { name, privateKey: text });
  const made = readPrivateFile(file);
  if (made === undefined) throw new CosError("failed_precondition", `The approver's key ${file.path} is gone again.`);
  return toKey(file, made);
}

function toKey(
  file: PrivateFile<typeof keySchema>,
  { name, privateKey: text }: z.output<typeof keySchema>,
): ApproverKey {
  try {
    const privateKey = createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
    const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" }).toString("base64");
    return { ...parseWith(approver, { name, publicKey }, file.what), privateKey };
  } catch (cause) {
    throw new CosError("failed_precondition", `The ${file.what} ${file.path} is damaged.`, { hint: file.hint, cause });
  }
}

function register(approversFile: string, { name, publicKey }: ApproverKey): void {
  const file = approversFileAt(approversFile);
  try {
    mkdirSync(dirname(approversFile), { recursive: true, mode: 0o700 });
    withLock(`${approversFile}.lock`, () => {
      const approvers = readApprovers(approversFile);
      if (approvers.some((approver) => approver.publicKey === publicKey)) return;
      replacePrivateFile(file, { approvers: [...approvers, { name, publicKey }] });
    });
  } catch (cause) {
    throw new CosError("failed_precondition", `The approver's key could not be added to ${approversFile}.`, {
      hint: `Add ${JSON.stringify({ name, publicKey })} to its "approvers", as a user who can write it.`,
      cause,
    });
  }
}

/**
 * Who may approve; nobody when there is no such file.
 *
 * @throws CosError `failed_precondition` when it cannot be read, is damaged, belongs to another user than this one or
 * root, or can be written by others.
 */
export function readApprovers(approversFile: string): readonly Approver[] {
  return readPrivateFile(approversFileAt(approversFile))?.approvers ?? [];
}

export function signWith({ privateKey }: ApproverKey, bytes: Uint8Array): string {
  return sign(undefined, bytes, privateKey).toString("base64");
}

/** Whether somebody with the public key's other half signed exactly these bytes. */
export function isSignedBy(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return verify(undefined, bytes, key, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}
