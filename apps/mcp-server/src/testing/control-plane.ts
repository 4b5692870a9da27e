import type { ControlPlane } from "@cos/control-plane";
import { CosError } from "@cos/core";

/** A control plane of which only this is there. */
export function controlPlaneWith(parts: Partial<ControlPlane>): ControlPlane {
  const unsupported = () => new CosError("unsupported", "No.");
  return {
    perform: () => Promise.reject(unsupported()),
    explain: () => Promise.reject(unsupported()),
    viewFor: () => {
      throw unsupported();
    },
    ...parts,
  };
}
