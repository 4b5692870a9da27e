import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { canonicalJson, digestOf } from "./canonical.ts";
import { deriveKey } from "./derive-key.ts";
import { CosError } from "./errors.ts";
import { type HmacKey, hmacSha256, toHmacKey } from "./hmac.ts";
import { toSecretName } from "./secrets.ts";
import type { WorkloadSpec } from "./spec/workload-spec.ts";

/** What kinds of engine objects carry labels. The kind is part of the signature, so labels cannot move between kinds. */
export type ObjectKind = "container" | "image" | "network" | "volume";

/** What cos knows about an object it made, as read from the object's labels. */
export interface ManagedLabels {
  /** Random, chosen before the object is created. */
  readonly id: string;
  readonly owner: string;
  readonly lifecycle: "ephemeral" | "persistent";
  /** The object's name on the engine without the prefix `cos-`. */
  readonly name: string;
  readonly purpose: string;
  readonly project: string;
  /** The image reference that was asked for. */
  readonly image: string;
  readonly createdAt: Date;
  readonly ttlSeconds: number | undefined;
  /** The canonical spec as JSON, or an empty string for objects without one. */
  readonly spec: string;
  readonly specDigest: string;
}

/**
 * Whose an object is: `managed` carries a good signature of this installation; `foreign` says it was made by
 * another installation of cos, which cannot be checked and counts as unmanaged; `unmanaged` is everything else.
 */
export type Ownership =
  | { readonly status: "managed"; readonly labels: ManagedLabels }
  | { readonly status: "foreign"; readonly instance: string; readonly owner: string }
  | { readonly status: "unmanaged" };

/** Signs what this installation makes, and recognises it again. Made by {@link createSigner}. */
export interface Signer {
  /** Fingerprint of the installation's key: 16 hex digits, not secret. */
  readonly instance: string;
  sign(kind: ObjectKind, labels: Readonly<Record<string, string>>): string;
  verify(kind: ObjectKind, labels: Readonly<Record<string, string>>): boolean;
}

/** Most bytes of canonical spec a label carries. */
export const maxSpecLabelBytes = 32 * 1024;

const prefix = "cos.";
const keys = {
  managed: "cos.managed",
  id: "cos.id",
  owner: "cos.owner",
  lifecycle: "cos.lifecycle",
  name: "cos.name",
  purpose: "cos.purpose",
  project: "cos.project",
  image: "cos.image",
  created: "cos.created",
  ttl: "cos.ttl",
  spec: "cos.spec",
  specDigest: "cos.spec-digest",
  instance: "cos.instance",
  signature: "cos.sig",
} as const;

/** The label every managed object has, for filters on the engine. Being managed is decided by {@link fromLabels} alone. */
export const managedLabel = { name: keys.managed, value: "true" } as const;

/** The name on the engine of what a caller calls `name`. */
export function engineName(name: string): string {
  return `cos-${name}`;
}

/** What a container with a temporary name is while a service is replaced: the one to come, or the one that was. */
export type TemporaryRole = "next" | "previous";

/**
 * The name on the engine of a container while it takes the place of another, or leaves its own. No caller can choose such
 * a name.
 *
 * @param id the object's `cos.id`.
 */
export function temporaryName(name: string, role: TemporaryRole, id: string): string {
  return `${engineName(name)}.${role}-${id.slice(0, 12)}`;
}

/** Whether cos gives containers a name like this. */
export function isEngineName(name: string): boolean {
  return /^cos-[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?(?:\.(?:next|previous)-[0-9a-f]{12})?$/.test(name);
}

/**
 * A signer for an installation's key.
 *
 * @param key at least 32 random bytes.
 * @param retired earlier keys, whose signatures are still recognised.
 * @throws CosError `invalid_argument` for a key shorter than 32 bytes.
 */
export function createSigner(key: Uint8Array, retired: readonly Uint8Array[] = []): Signer {
  if ([key, ...retired].some((secret) => secret.byteLength < 32)) {
    throw new CosError("invalid_argument", "The installation's key is too short.", { hint: "Use 32 random bytes." });
  }
  let derived: readonly Subkeys[] | undefined;
  // Derived when first needed: a command that signs nothing need not load the cryptography.
  const subkeys = () => (derived ??= [key, ...retired].map(deriveSubkeys));
  const current = () => subkeys()[0] ?? deriveSubkeys(key);
  return {
    get instance() {
      return current().instance;
    },
    sign: (kind, labels) => mac(current().hmac, kind, labels).toString("hex"),
    verify(kind, labels) {
      const hmac = subkeys().find(({ instance }) => instance === labels[keys.instance])?.hmac;
      const given = labels[keys.signature] ?? "";
      if (hmac === undefined || !/^[0-9a-f]{64}$/.test(given)) return false;
      return timingSafeEqual(Buffer.from(given, "hex"), mac(hmac, kind, labels));
    },
  };
}

interface Subkeys {
  readonly hmac: HmacKey;
  readonly instance: string;
}

function deriveSubkeys(secret: Uint8Array): Subkeys {
  return {
    hmac: toHmacKey(deriveKey(secret, "cos ownership v1")),
    instance: createHash("sha256").update(deriveKey(secret, "cos instance v1")).digest("hex").slice(0, 16),
  };
}

/** Over the canonical JSON of the kind and the labels, which is put together here because lists verify hundreds. */
function mac(hmac: HmacKey, kind: ObjectKind, labels: Readonly<Record<string, string>>): Buffer {
  const signed = Object.keys(labels).filter((key) => key.startsWith(prefix) && key !== keys.signature);
  const members = signed.toSorted().map((key) => `${JSON.stringify(key)}:${JSON.stringify(labels[key])}`);
  return hmacSha256(hmac, `[${JSON.stringify(kind)},{${members.join(",")}}]`);
}

/** A new random id for a managed object: 128 bits as hex. */
export function newObjectId(): string {
  return randomBytes(16).toString("hex");
}

/** Every `cos.*` label of an object, signed. All keys are always written, so none is inherited from an image. */
export function toLabels(kind: ObjectKind, managed: ManagedLabels, signer: Signer): Record<string, string> {
  const labels: Record<string, string> = {
    [keys.managed]: "true",
    [keys.id]: managed.id,
    [keys.owner]: managed.owner,
    [keys.lifecycle]: managed.lifecycle,
    [keys.name]: managed.name,
    [keys.purpose]: managed.purpose,
    [keys.project]: managed.project,
    [keys.image]: managed.image,
    [keys.created]: managed.createdAt.toISOString(),
    [keys.ttl]: managed.ttlSeconds === undefined ? "" : String(managed.ttlSeconds),
    [keys.spec]: managed.spec,
    [keys.specDigest]: managed.specDigest,
    [keys.instance]: signer.instance,
  };
  return { ...labels, [keys.signature]: signer.sign(kind, labels) };
}

/**
 * Whose an object is, judged by its labels and its name on the engine.
 * A label without a good signature is somebody else's, and so is a good signature under another name.
 */
export function fromLabels(
  kind: ObjectKind,
  nameOnEngine: string,
  labels: Readonly<Record<string, string>>,
  signer: Signer,
): Ownership {
  if (labels[keys.managed] !== "true") return { status: "unmanaged" };
  if (!signer.verify(kind, labels)) {
    const instance = labels[keys.instance] ?? "";
    const other = /^[0-9a-f]{16}$/.test(instance) && instance !== signer.instance;
    return other ? { status: "foreign", instance, owner: labels[keys.owner] ?? "" } : { status: "unmanaged" };
  }
  const name = labels[keys.name] ?? "";
  if (!mayBeCalled(kind, nameOnEngine, name, labels[keys.id] ?? "")) return { status: "unmanaged" };
  const ttl = labels[keys.ttl] ?? "";
  return {
    status: "managed",
    labels: {
      id: labels[keys.id] ?? "",
      owner: labels[keys.owner] ?? "",
      lifecycle: labels[keys.lifecycle] === "persistent" ? "persistent" : "ephemeral",
      name,
      purpose: labels[keys.purpose] ?? "",
      project: labels[keys.project] ?? "",
      image: labels[keys.image] ?? "",
      createdAt: new Date(labels[keys.created] ?? ""),
      ttlSeconds: ttl === "" ? undefined : Number(ttl),
      spec: labels[keys.spec] ?? "",
      specDigest: labels[keys.specDigest] ?? "",
    },
  };
}

/** Whether an object may have this name on the engine: its own, or, for containers, one of its temporary ones. */
function mayBeCalled(kind: ObjectKind, nameOnEngine: string, name: string, id: string): boolean {
  if (nameOnEngine === engineName(name)) return true;
  if (kind !== "container" || !/^[0-9a-f]{32}$/.test(id)) return false;
  return (["next", "previous"] as const).some((role) => nameOnEngine === temporaryName(name, role, id));
}

/** The caller's own labels (`user.*`) among an object's labels. */
export function userLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith("user.")));
}

/**
 * A spec as its label carries it. Standard input and the content of files are data, not configuration: only their digests
 * are kept.
 *
 * @throws CosError `invalid_argument` when the canonical spec is larger than {@link maxSpecLabelBytes}.
 */
export function specLabel(spec: WorkloadSpec): { spec: string; specDigest: string } {
  const kept = {
    ...spec,
    ...(spec.stdin === undefined ? {} : { stdin: `sha256:${digestOf(spec.stdin)}` }),
    files: spec.files.map((file) =>
      file.encoding === "utf8" && toSecretName(file.content) !== undefined
        ? file
        : { ...file, content: `sha256:${digestOf(file.content)}` },
    ),
  };
  const text = canonicalJson(kept);
  if (Buffer.byteLength(text) > maxSpecLabelBytes) {
    throw new CosError("invalid_argument", "The workload is described by more than 32 KiB.", {
      hint: "Pass long scripts and data by stdin or a mount instead of the command or variables.",
    });
  }
  return { spec: text, specDigest: digestOf(kept) };
}
