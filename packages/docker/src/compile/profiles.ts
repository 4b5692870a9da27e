import type { Profile } from "@cos/core";

/** What a hardening profile grants. Everything it does not name is the same in all of them. */
export interface Hardening {
  /** Capabilities kept after all were dropped, without the prefix `CAP_`. */
  readonly capabilities: readonly string[];
  readonly readOnlyRoot: boolean;
  /** Whether root is refused, and an image that names no user runs as {@link unprivilegedUser}. */
  readonly nonRoot: boolean;
}

/** `nobody` on every common distribution. */
export const unprivilegedUser = "65534:65534";

export const hardening: Readonly<Record<Profile, Hardening>> = {
  sandbox: { capabilities: [], readOnlyRoot: false, nonRoot: false },
  service: {
    capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"],
    readOnlyRoot: false,
    nonRoot: false,
  },
  strict: { capabilities: [], readOnlyRoot: true, nonRoot: true },
};
