import { engineName } from "@cos/core";
import type { Plan } from "./plan.ts";

/** An entry of Docker's `HostConfig.Mounts`. */
export interface MountBody {
  readonly Type: "volume" | "bind";
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly VolumeOptions?: { readonly NoCopy?: boolean; readonly Labels?: Readonly<Record<string, string>> };
  readonly BindOptions?: { readonly Propagation: "rprivate" };
}

/**
 * What is mounted from outside the container. A volume that the image declares and the spec does not cover becomes an
 * anonymous one with cos's labels, which the engine removes together with the container.
 */
export function toMounts({ spec, binds, declaredVolumes, volumeLabels }: Plan): MountBody[] {
  const sources = new Map(binds.map(({ target, source }) => [target, source]));
  const asked = spec.mounts.flatMap((mount): MountBody[] => {
    if (mount.type === "tmpfs") return [];
    if (mount.type === "volume") {
      return [
        { Type: "volume", Source: engineName(mount.name), Target: mount.target, ...readOnly(mount.readOnly ?? false) },
      ];
    }
    const source = sources.get(mount.target);
    if (source === undefined) throw new TypeError(`the bind mount at ${mount.target} has no resolved source`);
    return [
      {
        Type: "bind",
        Source: source,
        Target: mount.target,
        ...readOnly(mount.readOnly ?? true),
        BindOptions: { Propagation: "rprivate" },
      },
    ];
  });
  const declared = declaredVolumes.map((target): MountBody => ({
    Type: "volume",
    Target: target,
    VolumeOptions: { Labels: volumeLabels },
  }));
  return [...asked, ...declared];
}

function readOnly(value: boolean): { ReadOnly?: true } {
  return value ? { ReadOnly: true } : {};
}
