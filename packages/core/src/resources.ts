import type { ContainerConfiguration } from "./configuration.ts";
import type { Ownership } from "./labels.ts";

export type ContainerState = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** What a container's health check says of it; `starting` until it has said something. */
export type ContainerHealth = "starting" | "healthy" | "unhealthy";

export interface PublishedPort {
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

/** A container on an engine. */
export interface Container {
  /** The engine's full id. */
  readonly id: string;
  readonly name: string;
  /** The image as the engine shows it: a reference, or an id. */
  readonly image: string;
  readonly imageId: string;
  readonly state: ContainerState;
  readonly createdAt: Date;
  /** When it ended, for containers that did; undefined in lists, which do not say it. */
  readonly finishedAt?: Date | undefined;
  readonly exitCode?: number | undefined;
  /** Bytes that it has written over its image; only in lists, and only when asked for. */
  readonly sizeBytes?: number | undefined;
  /** The caller's own labels, `user.*`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  readonly ports: readonly PublishedPort[];
  readonly ownership: Ownership;
  /** What only looking at the container itself tells; undefined in lists. */
  readonly details?: ContainerDetails | undefined;
}

export interface ContainerDetails {
  /** When it was last started; undefined when it never was. */
  readonly startedAt?: Date | undefined;
  /** When the run before this one ended, of a container that runs. */
  readonly previousEndAt?: Date | undefined;
  /**
   * Changes whenever somebody changes the container: SHA-256 over id, name, image, configuration, networks and the time
   * it was last started. Its health does not count, nor does that time once the engine has started it again by itself.
   */
  readonly stateDigest: string;
  /** Undefined when it has no health check. */
  readonly health?: ContainerHealth | undefined;
  /** How often the engine has started it again by itself since somebody did. */
  readonly restarts: number;
  /** Whether the kernel killed a process of it for want of memory since it was last started. */
  readonly oomKilled: boolean;
  readonly configuration: ContainerConfiguration;
}

/** An image on an engine. */
export interface Image {
  /** `sha256:` and 64 hex digits. */
  readonly id: string;
  readonly tags: readonly string[];
  /** What registries know it by, with the repository: `busybox@sha256:…`. Empty when it was only ever here. */
  readonly digests: readonly string[];
  readonly createdAt: Date;
  readonly sizeBytes: number;
  /** Labels of callers' own, named `user.*`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly ownership: Ownership;
  /** Only in lists, and only when asked for. */
  readonly use?: ImageUse | undefined;
}

/** What depends on an image, as far as the engine tells what images are built on. */
export interface ImageUse {
  /** Bytes that no other image has. */
  readonly ownBytes: number;
  /** Whether other images are built on it. */
  readonly isBase: boolean;
}

/** A network on an engine. */
export interface Network {
  /** The engine's full id. */
  readonly id: string;
  /** Its name on the engine. */
  readonly name: string;
  readonly createdAt: Date;
  /** Whether nothing outside the network can be reached from it. */
  readonly internal: boolean;
  readonly ownership: Ownership;
}

/** A named volume on an engine. */
export interface Volume {
  /** Its name on the engine, which has no other id for it. */
  readonly name: string;
  /** Undefined when the engine does not say it. */
  readonly createdAt?: Date | undefined;
  readonly ownership: Ownership;
}
