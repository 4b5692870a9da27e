import { canonicalJson } from "../canonical.ts";
import { specLabel } from "../labels.ts";
import { defineWorkload, type WorkloadSpec } from "../spec/workload-spec.ts";

/** A field in which a service is not what was asked for. Values are JSON, cut when they are long. */
export interface ServiceDrift {
  /** Where in the spec, e.g. `variables.PORT`; `image` when the reference now names another image. */
  readonly field: string;
  /** What it is; undefined when there is none. */
  readonly current?: string | undefined;
  /** What was asked for; undefined when none was. */
  readonly wanted?: string | undefined;
}

/** Most characters of a value that is shown. */
const shownLength = 200;

/** Fields that say how to get the image, which a container that exists has got. */
const irrelevant: ReadonlySet<string> = new Set(["pull"]);

/**
 * Every field in which a container differs from what is asked for, in the order of their names. Pure.
 *
 * @param current the label `cos.spec` of the container, as it was signed.
 */
export function findDrift(
  current: { readonly spec: string; readonly imageId: string },
  wanted: { readonly spec: WorkloadSpec; readonly imageId: string | undefined },
): ServiceDrift[] {
  const [are, asked] = [current.spec, specLabel(wanted.spec).spec].map((spec) => new Map(fieldsOf(parse(spec))));
  const fields = [...new Set([...(are?.keys() ?? []), ...(asked?.keys() ?? [])])]
    .filter((field) => are?.get(field) !== asked?.get(field) && !irrelevant.has(field))
    .toSorted();
  const drift = fields.map((field) => ({ field, current: shown(are?.get(field)), wanted: shown(asked?.get(field)) }));
  const moved = wanted.imageId !== undefined && wanted.imageId !== current.imageId;
  return moved ? [...drift, { field: "image", current: current.imageId, wanted: wanted.imageId }] : drift;
}

/** A spec with today's defaults for fields that the cos that wrote it did not know. */
function parse(json: string): unknown {
  let spec: unknown = {};
  try {
    spec = JSON.parse(json);
    return defineWorkload(spec as WorkloadSpec);
  } catch {
    return spec;
  }
}

/** The leaves of a spec with their paths. A list is one leaf, since its items belong together. */
function* fieldsOf(value: unknown, path = ""): Generator<readonly [field: string, json: string]> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    yield [path, canonicalJson(value)];
    return;
  }
  for (const [name, member] of Object.entries(value)) yield* fieldsOf(member, path === "" ? name : `${path}.${name}`);
}

function shown(json: string | undefined): string | undefined {
  return json === undefined || json.length <= shownLength ? json : `${json.slice(0, shownLength - 1)}…`;
}
