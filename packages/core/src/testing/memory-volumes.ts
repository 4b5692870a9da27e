import type { CallOptions } from "../call-options.ts";
import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { engineName, fromLabels, newObjectId, type Signer, toLabels } from "../labels.ts";
import { parseWith } from "../parse.ts";
import type { Volume } from "../resources.ts";
import { volumeRequest, type VolumeRequest } from "../volume.ts";
import type { MemoryContainer } from "./memory-containers.ts";

export interface MemoryVolume {
  readonly labels: Readonly<Record<string, string>>;
  readonly files: Map<string, string>;
  readonly createdAt: Date;
}

interface MemoryVolumesParts {
  readonly volumes: Map<string, MemoryVolume>;
  readonly containers: ReadonlyMap<string, MemoryContainer>;
  readonly signer: Signer;
  /** Throws when the connection is closed or the call cancelled. */
  readonly enter: (options?: CallOptions) => void;
}

/** The volumes of an in-memory engine. */
export function memoryVolumes({ volumes, containers, signer, enter }: MemoryVolumesParts): Engine["volumes"] {
  const show = (name: string, { labels, createdAt }: MemoryVolume): Volume => ({
    name,
    createdAt,
    ownership: fromLabels("volume", name, labels, signer),
  });
  return {
    async list({ managed = false } = {}, options) {
      enter(options);
      const all = [...volumes].map(([name, volume]) => show(name, volume));
      return managed ? all.filter(({ ownership }) => ownership.status === "managed") : all;
    },
    async ensure(request, options) {
      enter(options);
      const { volume, created } = ensureVolume(parseWith(volumeRequest, request, "volume"), volumes, signer);
      return { volume: show(engineName(request.name), volume), created };
    },
    async remove(name, options) {
      enter(options);
      const users = [...containers.values()].filter(({ volumes: used }) => used.includes(name));
      if (users.length > 0) {
        throw new CosError("conflict", `A container uses the volume ${name}.`, {
          hint: "Remove the container first.",
          details: { containerIds: users.map(({ id }) => id) },
        });
      }
      volumes.delete(name);
    },
  };
}

/** @throws CosError `already_exists` for a volume of that name that is somebody else's. */
export function ensureVolume(
  { name, owner, project = "", purpose = "" }: VolumeRequest,
  volumes: Map<string, MemoryVolume>,
  signer: Signer,
): { readonly volume: MemoryVolume; readonly created: boolean } {
  const existing = volumes.get(engineName(name));
  if (existing !== undefined) {
    const ownership = fromLabels("volume", engineName(name), existing.labels, signer);
    if (ownership.status === "managed" && ownership.labels.owner === owner) return { volume: existing, created: false };
    throw new CosError("already_exists", `The volume ${engineName(name)} exists and is not yours.`, {
      hint: "Choose another name.",
    });
  }
  const createdAt = new Date();
  const described = {
    id: newObjectId(),
    owner,
    name,
    lifecycle: "persistent",
    createdAt,
    ttlSeconds: undefined,
  } as const;
  const labels = toLabels("volume", { ...described, project, purpose, image: "", spec: "", specDigest: "" }, signer);
  const volume = { labels, files: new Map<string, string>(), createdAt };
  volumes.set(engineName(name), volume);
  return { volume, created: true };
}
