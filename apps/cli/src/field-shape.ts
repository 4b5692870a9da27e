import type * as z from "zod";

/** What a field of an operation's input looks like to somebody who types it. */
export interface FieldShape {
  readonly kind: "flag" | "number" | "text" | "list" | "pairs" | "objects";
  readonly description: string;
  readonly choices: readonly string[];
  /** The value that applies when the field is left out, if it is worth showing. */
  readonly preset: string | undefined;
  /** Whether it is a flag that holds unless it is taken back. */
  readonly isOn: boolean;
  /** For `objects`: the kind of each of their members. */
  readonly members: Readonly<Record<string, "flag" | "number" | "text">>;
}

/** Zod's own description of a schema, as far as it is read here. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly options?: readonly z.ZodType[];
  readonly element?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}

/** Reads the shape of a field from its schema. A field that may be text or a list is typed as text. */
export function toFieldShape(schema: z.ZodType): FieldShape {
  const { inner, description, preset } = unwrap(schema);
  const definition = definitionOf(inner);
  const shape = {
    description,
    choices: Object.values(definition.entries ?? {}),
    preset: toShown(preset),
    isOn: preset === true,
    members: {},
  };
  if (definition.type !== "array") return { ...shape, kind: toScalarKind(definition) ?? "pairs" };
  const element = definition.element === undefined ? undefined : unwrap(definition.element).inner;
  if (element === undefined || toScalarKind(definitionOf(element)) !== undefined) return { ...shape, kind: "list" };
  return { ...shape, kind: "objects", members: toMembers(element) };
}

function unwrap(schema: z.ZodType): { inner: z.ZodType; description: string; preset: unknown } {
  let inner = schema;
  let description = schema.description;
  let preset: unknown;
  for (let definition = definitionOf(inner); definition.innerType !== undefined; definition = definitionOf(inner)) {
    preset ??= definition.defaultValue;
    inner = definition.innerType;
    description ??= inner.description;
  }
  return { inner, description: description ?? "", preset };
}

function toScalarKind({ type, options }: Definition): "flag" | "number" | "text" | undefined {
  if (type === "boolean") return "flag";
  if (type === "number" || type === "int") return "number";
  if (type === "string" || type === "enum" || type === "literal") return "text";
  return type === "union" && options?.some((option) => definitionOf(option).type === "string") === true
    ? "text"
    : undefined;
}

function toMembers(element: z.ZodType): FieldShape["members"] {
  const { shape, options } = definitionOf(element);
  const shapes = shape === undefined ? (options ?? []).map((option) => definitionOf(option).shape ?? {}) : [shape];
  return Object.fromEntries(
    shapes
      .flatMap((members) => Object.entries(members))
      .map(([name, member]) => [name, toScalarKind(definitionOf(unwrap(member).inner)) ?? "text"]),
  );
}

function toShown(preset: unknown): string | undefined {
  const shown = typeof preset === "string" || typeof preset === "number" ? String(preset) : undefined;
  return shown === "" ? undefined : shown;
}

function definitionOf(schema: z.ZodType): Definition {
  return schema._zod.def;
}
