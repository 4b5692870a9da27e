import type * as z from "zod";

/** What is looked at of a schema, whichever copy of zod made it. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
}

/** The fields that an object of the schema may have at a path, each once; none where there is no such object. */
export function fieldsAt(schema: z.core.$ZodType | undefined, path: readonly PropertyKey[]): readonly string[] {
  if (schema === undefined) return [];
  const { type, shape, element, valueType, innerType, in: before, options } = schema._zod.def as Definition;
  const [step, ...rest] = path;
  if (type === "object") {
    if (step === undefined) return Object.keys(shape ?? {});
    return Object.hasOwn(shape ?? {}, step) ? fieldsAt(shape?.[String(step)], rest) : [];
  }
  if (type === "array") return step === undefined ? [] : fieldsAt(element, rest);
  if (type === "record") return step === undefined ? [] : fieldsAt(valueType, rest);
  if (type === "union") return [...new Set((options ?? []).flatMap((option) => fieldsAt(option, path)))];
  return fieldsAt(innerType ?? before, path);
}
