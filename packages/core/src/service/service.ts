import type { ContainerRequest, CreateOptions } from "../lifecycle.ts";
import type { Container } from "../resources.ts";
import type { ServiceDrift } from "./drift.ts";

/** A service as it is asked for. */
export interface ServiceRequest extends Omit<ContainerRequest, "temporary"> {
  /** Whether a service that is not as asked for is replaced; otherwise it stays, and its drift is told. */
  readonly recreate?: boolean | undefined;
}

export type ServiceOptions = CreateOptions;

/**
 * What became of a service: it was as asked for and ran; it was made; it was started; it is not as asked for, and was
 * left so; or it was replaced.
 */
export type ServiceStatus = "unchanged" | "created" | "started" | "drifted" | "recreated";

export interface ServiceResult {
  readonly status: ServiceStatus;
  readonly container: Container;
  /** In what the service is, or was until it was replaced, not as asked for. */
  readonly drift: readonly ServiceDrift[];
}

/** What ensuring a service would do. */
export interface ServicePlan {
  readonly status: ServiceStatus;
  /** What has the service's name, or will have it again; undefined when there is none. */
  readonly container: Container | undefined;
  readonly drift: readonly ServiceDrift[];
  /** Whether a replacement was interrupted, and is brought to an end first. */
  readonly repairs: boolean;
}
