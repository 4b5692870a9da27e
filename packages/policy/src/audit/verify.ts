import { createSecretKey, type KeyObject } from "node:crypto";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type AuditFinding, followChain } from "./chain.ts";
import { type Heads, readHeads } from "./checkpoint.ts";
import { cannotBeRead, checkpointName, listLogFiles, type LogFile } from "./files.ts";
import { readLines } from "./lines.ts";

export type { AuditFinding } from "./chain.ts";

export interface AuditVerification {
  /** Whether no finding means that the log was tampered with. */
  readonly intact: boolean;
  readonly files: number;
  /** How many genuine records were found. */
  readonly records: number;
  /** By writer, and for each in the order of its lines; what is known only at the end comes last. */
  readonly findings: readonly AuditFinding[];
}

export interface VerifyOptions {
  readonly directory: string;
  /** The audit keys of the installation: the current one and those of its retired keys. */
  readonly keys: readonly Uint8Array[];
}

/**
 * Checks every record of every writer against its predecessor and the checkpoint. Reads a line at a time, writes nothing, and
 * may run while others record.
 *
 * @throws CosError `failed_precondition` when the log cannot be read.
 */
export async function verifyAuditLog({ directory, keys: secrets }: VerifyOptions): Promise<AuditVerification> {
  const keys = secrets.map((secret) => createSecretKey(secret));
  const { heads, files } = await takeSnapshot(directory, keys);
  const findings: AuditFinding[] = [];
  let records = 0;
  const known: Heads = typeof heads === "string" ? new Map() : heads;
  if (heads === "altered") findings.push(aboutCheckpoint("altered-checkpoint", "The checkpoint was changed."));
  if (heads === "missing" && files.length > 0) {
    findings.push(aboutCheckpoint("missing-checkpoint", "The checkpoint is gone."));
  }

  for (const writer of [...new Set([...known.keys(), ...files.map((file) => file.writer)])].sort()) {
    const head = known.get(writer);
    if (head === undefined && typeof heads !== "string") {
      findings.push(aboutCheckpoint("missing-checkpoint", "The checkpoint does not know this writer.", writer));
    }
    const chain = followChain(writer, keys, head);
    for (const { name, size } of files.filter((file) => file.writer === writer)) {
      for await (const line of readLines(join(directory, name), 0, size)) chain.add(name, line);
    }
    const followed = chain.end(files.find(({ name }) => name === head?.file)?.size);
    records += followed.records;
    findings.push(...followed.findings);
  }
  return { intact: !findings.some(({ broken }) => broken), files: files.length, records, findings };
}

function aboutCheckpoint(kind: AuditFinding["kind"], message: string, writer = ""): AuditFinding {
  return { kind, broken: true, writer, file: checkpointName, message };
}

interface Snapshot {
  readonly heads: Heads | "missing" | "altered";
  readonly files: readonly (LogFile & { readonly size: number })[];
}

/** A record comes before its checkpoint. So that none in the making is taken for damage, the log is watched for a quiet moment. */
async function takeSnapshot(directory: string, keys: readonly KeyObject[]): Promise<Snapshot> {
  for (let tries = 1; ; tries += 1) {
    const before = look(directory, keys);
    const snapshot = look(directory, keys);
    if (tries === 20 || (isDeepStrictEqual(before, snapshot) && isSettled(snapshot))) return snapshot;
    await setTimeout(5);
  }
}

function look(directory: string, keys: readonly KeyObject[]): Snapshot {
  try {
    const heads = readHeads(directory, keys);
    const files = listLogFiles(directory).flatMap((file) => {
      const found = lstatSync(join(directory, file.name), { throwIfNoEntry: false });
      return found?.isFile() === true ? { ...file, size: found.size } : [];
    });
    return { heads, files };
  } catch (cause) {
    throw cannotBeRead(cause);
  }
}

function isSettled({ heads, files }: Snapshot): boolean {
  if (typeof heads === "string") return true;
  return [...heads.values()].every(({ file, bytes }) => (files.find(({ name }) => name === file)?.size ?? 0) <= bytes);
}
