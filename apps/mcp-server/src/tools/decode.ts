import { parseJson } from "../parse-json.ts";

/** The parts of a JSON schema that say what a value may be. */
interface Expected {
  readonly type?: unknown;
  readonly anyOf?: readonly Expected[];
  readonly properties?: Readonly<Record<string, Expected>>;
  readonly items?: Expected;
  readonly additionalProperties?: unknown;
}

/**
 * Arguments as they were meant: models write lists and objects as text with JSON in it. Where the schema wants a list or an
 * object, and no text, a text that holds one is taken for what it holds. Anything else stays as it is, to be judged as it is.
 */
export function decodeArguments(schema: object, given: unknown): unknown {
  return decode(schema, given);
}

function decode(schema: Expected, given: unknown): unknown {
  const value = typeof given === "string" ? fromText(schema, given) : given;
  const [list, object] = [partOf(schema, "array"), partOf(schema, "object")];
  if (Array.isArray(value))
    return list?.items === undefined ? value : value.map((item) => decode(list.items ?? {}, item));
  if (typeof value !== "object" || value === null || object === undefined) return value;
  // Not by assignment: a member may be called `__proto__`, and is to be refused by that name.
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, decode(memberOf(object, name), member)]),
  );
}

function fromText(schema: Expected, text: string): unknown {
  const [list, object] = [partOf(schema, "array"), partOf(schema, "object")];
  if (partOf(schema, "string") !== undefined || (list ?? object) === undefined) return text;
  try {
    const held = parseJson(text);
    const fits = Array.isArray(held)
      ? list !== undefined
      : typeof held === "object" && held !== null && object !== undefined;
    return fits ? held : text;
  } catch {
    return text;
  }
}

/** The alternative of a schema that allows a type, if there is one. */
function partOf(schema: Expected, type: "array" | "object" | "string"): Expected | undefined {
  return [schema, ...(schema.anyOf ?? [])].find((part) => part.type === type);
}

function memberOf({ properties, additionalProperties }: Expected, name: string): Expected {
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name] ?? {};
  return typeof additionalProperties === "object" && additionalProperties !== null ? additionalProperties : {};
}
