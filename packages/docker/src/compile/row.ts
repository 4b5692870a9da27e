import type { Plan } from "./plan.ts";

/**
 * One field of the create body: what cos asks for, and how to see in the inspected container that the engine built
 * just that.
 */
export interface Row {
  /** Path in the create body, e.g. `HostConfig.Memory`. */
  readonly field: string;
  /** The value cos emits; undefined leaves the field out. */
  readonly emit: (plan: Plan) => unknown;
  /** Path in the inspected container. */
  readonly inspected: string;
  /** What the engine must show; what was emitted, unless the engine rewrites it. */
  readonly expect: (plan: Plan) => unknown;
  /** Brings both sides to one form where engines differ in spelling. */
  readonly normalise: (value: unknown, plan: Plan) => unknown;
  /** What may be told of a value that differs; all of it, unless it could be a secret. */
  readonly show: (value: unknown) => unknown;
}

interface RowOptions {
  readonly inspected?: string;
  readonly expect?: (plan: Plan) => unknown;
  readonly normalise?: (value: unknown, plan: Plan) => unknown;
  readonly show?: (value: unknown) => unknown;
}

/** A field that cos sets. */
export function row(field: string, emit: (plan: Plan) => unknown, options: RowOptions = {}): Row {
  return {
    field,
    emit,
    inspected: options.inspected ?? (field.startsWith("HostConfig.") ? field : `Config.${field}`),
    expect: options.expect ?? emit,
    normalise: options.normalise ?? ((value) => value),
    show: options.show ?? ((value) => value),
  };
}

/** A field that cos never sets and that must be empty in what the engine built. */
export function absent(field: string, inspected?: string): Row {
  return row(field, () => undefined, inspected === undefined ? {} : { inspected });
}

/** The value at a dotted path, or undefined. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
