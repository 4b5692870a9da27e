import type { Engine } from "../engine.ts";
import { CosError } from "../errors.ts";
import { engineName } from "../labels.ts";
import type { Container } from "../resources.ts";
import { defineWorkload, type WorkloadSpec } from "../spec/workload-spec.ts";
import { findRepaired } from "./ensure-service.ts";
import { retryOvertaken } from "./overtaken.ts";
import { driftOf } from "./plan-service.ts";
import { replaceService } from "./replace.ts";
import type { ServiceOptions, ServiceRequest, ServiceResult } from "./service.ts";
import { withoutSecrets } from "./without-secrets.ts";

export interface RecreateOptions extends ServiceOptions, Omit<ServiceRequest, "spec" | "owner" | "recreate"> {
  /** Whether the image is pulled anew; otherwise the one that is here is used. */
  readonly pull?: boolean | undefined;
}

/**
 * Replaces the container of a service by a new one of the same spec, which its own labels tell. If the new one does not
 * survive, the old one is put back.
 *
 * @throws CosError `failed_precondition` when it is no service of this installation, or the new one does not survive;
 * `conflict` when it was replaced meanwhile.
 */
export async function recreateService(
  engine: Engine,
  container: Container,
  { pull = false, signal, progress, ...rest }: RecreateOptions = {},
): Promise<ServiceResult> {
  const { spec, owner } = specOfService(container);
  const { current } = await retryOvertaken(() => findRepaired(engine, spec.name ?? "", { owner }, { signal }), signal);
  if (current?.id !== container.id) {
    throw new CosError("conflict", `${engineName(spec.name ?? "")} was replaced in the meantime.`, {
      hint: "Look at it again.",
    });
  }
  const options = { owner, hostRoots: rest.hostRoots, signal, progress };
  const image = await engine.images.ensure(spec.env, { ...options, pull: pull ? "always" : spec.pull });
  const request = { ...rest, spec, owner };
  const replaced = await withoutSecrets(spec, rest.secrets, () =>
    replaceService(engine, current, request, { signal, progress }),
  );
  return { status: "recreated", container: replaced, drift: driftOf(current, spec, image.id) };
}

/**
 * The spec that a service was made by, and its owner.
 *
 * @throws CosError `failed_precondition` when it cannot be made anew by what its labels say.
 */
export function specOfService({ name, ownership }: Container): { spec: WorkloadSpec; owner: string } {
  if (ownership.status !== "managed") {
    throw new CosError("failed_precondition", `${name} was not made by this installation of cos.`, {
      hint: "Nobody knows how to make it anew; make a service of your own.",
    });
  }
  const { lifecycle, spec: json, owner } = ownership.labels;
  if (lifecycle !== "persistent") {
    throw new CosError("failed_precondition", `${name} is a job, which runs once.`, { hint: "Run it again." });
  }
  return { spec: parseSpec(name, json), owner };
}

function parseSpec(name: string, json: string): WorkloadSpec {
  const cannot = (cause?: unknown) =>
    new CosError("failed_precondition", `What ${name} was made of is not all in its labels.`, {
      hint: "Ensure it with the fields it is to have, and recreate.",
      cause,
    });
  let spec: WorkloadSpec;
  try {
    spec = defineWorkload(JSON.parse(json) as WorkloadSpec);
  } catch (error) {
    throw cannot(error);
  }
  // Of data the label holds a digest only.
  if (spec.stdin !== undefined) throw cannot();
  return spec;
}
