/** A JSON Schema, as far as the reference reads it. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
}

/** One row of a table of fields. Members of objects have rows of their own, named by their path. */
export interface Field {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  /** As JSON; undefined when there is none. */
  readonly preset: string | undefined;
  readonly description: string;
}

/**
 * The fields of an object, those inside of others after them. Variants of a union that one member tells apart are named
 * by it: `mounts[bind].source`.
 */
export function toFields({ properties = {}, required = [] }: JsonSchema, parent = ""): Field[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${parent}${name}`;
    const field: Field = {
      path,
      type: toType(schema),
      required: required.includes(name),
      preset: schema.default === undefined ? undefined : JSON.stringify(schema.default),
      description: schema.description ?? "",
    };
    return [field, ...toMembers(schema, path)];
  });
}

function toMembers(schema: JsonSchema, path: string): Field[] {
  if (schema.type === "array") return schema.items === undefined ? [] : toMembers(schema.items, `${path}[]`);
  const variants = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  return variants.flatMap((variant) => {
    const tag = Object.values(variant.properties ?? {}).find((member) => member.const !== undefined);
    return toFields(variant, tag === undefined ? `${path}.` : `${path.replace(/\[\]$/, "")}[${String(tag.const)}].`);
  });
}

function toType(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) return [...new Set(variants.map(toType))].join(" or ");
  if (schema.type === "array") return `list of ${schema.items === undefined ? "anything" : toType(schema.items)}`;
  if (schema.type === "object" && schema.properties === undefined) return "object of strings";
  return `${schema.type ?? "anything"}${toRange(schema)}`;
}

/** Bounds that somebody chose; those of a JavaScript number go without saying. */
function toRange({ minimum, maximum }: JsonSchema): string {
  const low = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (low !== undefined && high !== undefined) return ` ${low} to ${high}`;
  return low === undefined ? "" : ` from ${low}`;
}
