import { canonicalJson, CosError } from "@cos/core";
import type { ContainerBody } from "../api.ts";
import { type CompileInput, type Plan, toPlan } from "./plan.ts";
import { inDockersWords } from "./podman.ts";
import { at, isObject } from "./row.ts";
import { table } from "./table.ts";

/** A container as it is asked for. */
export interface Compiled {
  /** The body of `POST /containers/create`. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly plan: Plan;
}

/**
 * Translates a workload into the body that creates its container. Pure: equal input gives an equal body, and every
 * field comes from a row of the table.
 *
 * @throws CosError `failed_precondition` when the engine or the image cannot do what the spec asks.
 */
export function compile(input: CompileInput): Compiled {
  const plan = toPlan(input);
  const body: Record<string, unknown> = {};
  const hostConfig: Record<string, unknown> = {};
  for (const { field, emit } of table) {
    const value = emit(plan);
    if (value === undefined) continue;
    if (field.startsWith("HostConfig.")) hostConfig[field.slice("HostConfig.".length)] = value;
    else body[field] = value;
  }
  return { body: { ...body, HostConfig: hostConfig }, plan };
}

/** A field in which the engine built something else than was asked for. */
export interface Difference {
  readonly field: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Compares what the engine built with what was asked for. Empty, null and missing values count as the same. */
export function findDifferences({ body, plan }: Compiled, container: ContainerBody): Difference[] {
  const hostConfig = body["HostConfig"];
  const inspected = plan.facts.podman && isObject(hostConfig) ? inDockersWords(container, plan, hostConfig) : container;
  return table.flatMap(({ inspected: path, expect, normalise, show }) => {
    const [expected, actual] = [expect(plan), at(inspected, path)].map((value) => withoutEmpty(normalise(value, plan)));
    const same = canonicalJson(expected ?? null) === canonicalJson(actual ?? null);
    return same ? [] : [{ field: path, expected: show(expected), actual: show(actual) }];
  });
}

/** What the engine remarks when it cannot account swap, or forwards no packets; neither widens what a container may do. */
const harmlessWarnings = [/swap limit/i, /IPv4 forwarding/i, /requested image's platform/i];

/**
 * Refuses a container that differs from what was asked for, or that the engine warned about.
 *
 * @throws CosError `failed_precondition` naming the fields.
 */
export function assertBuiltAsAsked(compiled: Compiled, inspected: ContainerBody, warnings: readonly string[]): void {
  const serious = warnings.filter((warning) => !harmlessWarnings.some((pattern) => pattern.test(warning)));
  if (serious.length > 0) {
    throw new CosError(
      "failed_precondition",
      `The engine would not do all that was asked: ${serious.join("; ").slice(0, 500)}`,
      {
        hint: "cos runs nothing with fewer limits than asked for; see cos doctor.",
        details: { warnings: serious },
      },
    );
  }
  const differences = findDifferences(compiled, inspected);
  if (differences.length > 0) {
    throw new CosError(
      "failed_precondition",
      `The engine built something else than was asked for: ${differences.map(({ field }) => field).join(", ")}.`,
      {
        hint: "The engine's version or configuration changes these fields; see cos doctor.",
        details: { fields: differences.map(({ field }) => field) },
        cause: differences,
      },
    );
  }
}

function withoutEmpty(value: unknown): unknown {
  if (value === null || value === undefined || value === "" || value === false || value === 0) return undefined;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.length === 0 ? undefined : items.map((item) => (isObject(item) ? (withoutEmpty(item) ?? {}) : item));
  }
  if (!isObject(value)) return value;
  const kept = Object.entries(value).flatMap(([key, member]) => {
    const inner = withoutEmpty(member);
    return inner === undefined ? [] : [[key, inner] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
