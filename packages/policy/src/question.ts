/** What an operation does to the world: nothing, change it, or take something away for good. */
export const effects = ["read", "mutate", "destroy"] as const;
export type Effect = (typeof effects)[number];

/** How a caller reached cos. Agents come by `stdio` and `http`; `reaper` is cos itself. */
export const callerKinds = ["terminal", "script", "stdio", "http", "reaper"] as const;
export type CallerKind = (typeof callerKinds)[number];

/** What a call acts on; `none` for calls that act on nothing that exists yet, or only list. */
export const targetKinds = ["none", "container", "image", "network", "volume"] as const;
export type TargetKind = (typeof targetKinds)[number];

/**
 * Whose the target is, seen from the caller: its own, another owner's, or not made by this installation at all (which
 * includes what another installation of cos made).
 */
export const targetOwnerships = ["none", "own", "other", "unmanaged"] as const;
export type TargetOwnership = (typeof targetOwnerships)[number];

/**
 * What a call asks for beyond acting on its target, as far as its operation says it. A fact that is not there matches no
 * rule that looks at it.
 */
export interface Asks {
  /** The network's name: `none`, `bridge`, or a managed network. */
  readonly network?: string | undefined;
  /** Whether the network leads out of the engine's host. */
  readonly egress?: boolean | undefined;
  /** Real paths on the host that it mounts or builds from. */
  readonly hostPaths?: readonly string[] | undefined;
  /** Published ports, `host:container`. */
  readonly ports?: readonly string[] | undefined;
  /** Names of managed volumes. */
  readonly volumes?: readonly string[] | undefined;
  readonly profile?: string | undefined;
  /** The image's full reference, e.g. `docker.io/library/busybox:latest`. */
  readonly image?: string | undefined;
  /** The host that the image comes from, e.g. `docker.io`; `local` for one that is named by its id. */
  readonly registry?: string | undefined;
  /** Whether an image is built, which runs commands with network. */
  readonly builds?: boolean | undefined;
  readonly secrets?: boolean | undefined;
  /** Whether it reaches other owners' objects. */
  readonly otherOwners?: boolean | undefined;
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly pids?: number | undefined;
}

/** What a call would do, as the rules see it: flat facts. The rules never see the call itself. */
export interface Question extends Asks {
  readonly operation: string;
  readonly effect: Effect;
  readonly engine: string;
  readonly callerKind: CallerKind;
  readonly callerName: string;
  readonly targetKind: TargetKind;
  readonly targetOwnership: TargetOwnership;
  readonly targetOwner?: string | undefined;
  readonly targetName?: string | undefined;
  /** The image of a target that is a container. */
  readonly targetImage?: string | undefined;
}
