import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { CosError, createSigner, deriveKey, parseWith, type Signer } from "@cos/core";
import { type AuditLog, openAuditLog } from "@cos/policy";
import * as z from "zod";

const keyFile = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  retired: z.array(z.string().regex(/^[0-9a-f]{64}$/)).default([]),
});

/** Where this installation of cos keeps what is its own. */
export interface Paths {
  /** The file with the installation's key: `COS_KEY_FILE`, or `key.json` in the user's config directory. */
  readonly keyFile: string;
  /** The directory of the audit log: `COS_AUDIT_DIR` or `AUDIT_DIR`, or one in the user's state directory. */
  readonly auditDirectory: string;
  /** The operator's rules: `COS_POLICY`, or `policy.yaml`, `policy.yml` or `policy.json` in the user's config directory. */
  readonly policyFile: string | undefined;
  /** Standing grants: `grants.json` in the user's config directory. */
  readonly grantsFile: string;
  /** Whom servers believe that they may approve: `approvers.json` in the user's config directory. */
  readonly approversFile: string;
  /** What proves that one is such a person: `COS_APPROVER_KEY_FILE`, or `approver.json` in the user's config directory. */
  readonly approverKeyFile: string;
  /** Where processes with something to approve listen: `COS_RUNTIME_DIR`, or one in the user's state directory. */
  readonly runtimeDirectory: string;
}

/** Finds them from the environment. An empty variable counts as unset, and so does a relative `XDG_` directory. */
export function findPaths(env: NodeJS.ProcessEnv): Paths {
  const home = env["HOME"] || homedir();
  const config = absolute(env["XDG_CONFIG_HOME"]) ?? join(home, ".config");
  const state = absolute(env["XDG_STATE_HOME"]) ?? join(home, ".local", "state");
  const inConfig = (name: string) => join(config, "cos", name);
  return {
    keyFile: env["COS_KEY_FILE"] || inConfig("key.json"),
    auditDirectory: env["COS_AUDIT_DIR"] || env["AUDIT_DIR"] || join(state, "cos", "audit"),
    policyFile: env["COS_POLICY"] || policyNames.map(inConfig).find((file) => existsSync(file)),
    grantsFile: inConfig("grants.json"),
    approversFile: inConfig("approvers.json"),
    approverKeyFile: env["COS_APPROVER_KEY_FILE"] || inConfig("approver.json"),
    // Not XDG_RUNTIME_DIR, which a server that a client starts may have, and the person's terminal not.
    runtimeDirectory: env["COS_RUNTIME_DIR"] || join(state, "cos", "run"),
  };
}

/** What `COS_READ_ONLY` says. */
export function isReadOnly({ COS_READ_ONLY: said = "" }: NodeJS.ProcessEnv): boolean {
  return !["", "0", "false", "no"].includes(said.toLowerCase());
}

const policyNames = ["policy.yaml", "policy.yml", "policy.json"];

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

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
export function openKeys(file: string): Keys {
  const { key, retired } = parseKey(file, readKey(file) ?? makeKey(file));
  const [current, ...earlier] = [key, ...retired].map((text) => Buffer.from(text, "hex")) as [Buffer, ...Buffer[]];
  const toAuditKey = (secret: Buffer) => deriveKey(secret, "cos audit v1");
  return {
    signer: createSigner(current, earlier),
    auditKeys: () => [toAuditKey(current), ...earlier.map(toAuditKey)],
  };
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

function readKey(file: string): string | undefined {
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new CosError("failed_precondition", `The key ${file} can be read by other users.`, {
        hint: `chmod 600 ${file}`,
      });
    }
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (CosError.is(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CosError("failed_precondition", `The key ${file} cannot be read.`, { cause });
  }
}

/** Several processes may start at once: the first to link its file wins, and all use the winner's. */
function makeKey(file: string): string {
  const text = `${JSON.stringify({ key: randomBytes(32).toString("hex"), retired: [] })}\n`;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    try {
      linkSync(draft, file);
      return text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      return readFileSync(file, "utf8");
    } finally {
      unlinkSync(draft);
    }
  } catch (cause) {
    throw new CosError("failed_precondition", `The key ${file} cannot be made.`, {
      hint: "Set COS_KEY_FILE to a file in a directory that you can write.",
      cause,
    });
  }
}

function parseKey(file: string, text: string): z.output<typeof keyFile> {
  try {
    return parseWith(keyFile, JSON.parse(text), `key file ${file}`);
  } catch (cause) {
    throw new CosError("failed_precondition", `The key file ${file} is damaged.`, {
      hint: "Restore it from a backup. Without it, cos does not recognise what it made before.",
      cause,
    });
  }
}
