import { CosError } from "@cos/core";
import type { ContainerTarget } from "./resolve.ts";

/**
 * Refuses a container that this installation did not make, where that is not for the rules to decide.
 *
 * @param what is done with those it made, as a sentence.
 * @throws CosError `failed_precondition`
 */
export function assertManaged({ name, container }: ContainerTarget, what: string): void {
  if (container.ownership.status === "managed") return;
  throw new CosError("failed_precondition", `The container ${name} was not made by this installation of cos.`, {
    hint: what,
  });
}
