import * as z from "zod";

/** A JSON schema, or a part of one. */
type Schema = Readonly<Record<string, unknown>>;
type Members = Readonly<Record<string, Schema>>;
export type ObjectSchema = Schema & { readonly type: "object"; readonly properties: Members };

/** What a client gains nothing from: a value that is too long or wrongly spelled is refused with words that say how it has to be. */
const leftOut: ReadonlySet<string> = new Set(
  ["$schema", "pattern", "format", "propertyNames"].concat(["minLength", "maxLength", "minItems", "maxItems"]),
);

/** What there is to know only for who writes a value, or who has no value to look at. */
const leftOutOfResults: ReadonlySet<string> = new Set(
  ["description", "required", "default", "enum"].concat(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
);

/**
 * The schema of an operation's input in draft 7, which all clients know. Models read the schemas of all tools before they
 * do anything, so it is short: it says what may be given and what that means, and the operation's own schema, which is
 * stricter, judges what is given.
 */
export function toInputSchema(schema: z.ZodType): ObjectSchema {
  return shortenInput(toJson(schema, "input")) as ObjectSchema;
}

/**
 * The schema of an operation's result: its members and their types. Of what is inside of them there is no word, unless the
 * result is nothing but a list; what they mean says the description of the tool, or else the reference.
 */
export function toResultSchema(schema: z.ZodType): ObjectSchema {
  const { properties } = toJson(schema, "output") as ObjectSchema;
  const members = Object.entries(properties);
  return {
    type: "object",
    properties: Object.fromEntries(
      members.map(([name, member]) => [name, shortenResult(member, members.length === 1)]),
    ),
  };
}

function toJson(schema: z.ZodType, io: "input" | "output"): Schema {
  return z.toJSONSchema(schema, { io, target: "draft-7" }) as Schema;
}

function shortenInput(schema: Schema): Schema {
  const { oneOf: kinds, ...rest } = schema;
  const flat = kinds === undefined ? rest : { ...rest, ...mergeKinds(kinds as readonly Schema[]) };
  const kept = Object.entries(flat).filter(([key, value]) => !leftOut.has(key) && !isObvious(key, value));
  return Object.fromEntries(kept.map(([key, value]) => [key, shortenPart(key, value)]));
}

function shortenPart(key: string, value: unknown): unknown {
  if (key === "properties") {
    return Object.fromEntries(Object.entries(value as Members).map(([name, member]) => [name, shortenInput(member)]));
  }
  if (key === "anyOf") return (value as readonly Schema[]).map(shortenInput);
  if ((key === "items" || key === "additionalProperties") && typeof value === "object") {
    return shortenInput(value as Schema);
  }
  return value;
}

/** That a number of things is not negative, that what is not given is empty, and that any members may be anything, needs no words. */
function isObvious(key: string, value: unknown): boolean {
  if (key === "minimum") return value === 0 || value === 1;
  if (key !== "default" && key !== "additionalProperties") return false;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function shortenResult(schema: Schema, told: boolean): Schema {
  const { properties, items, additionalProperties: _, ...rest } = schema as Schema & { items?: Schema };
  const kept = Object.entries(rest).filter(([key]) => !leftOut.has(key) && !leftOutOfResults.has(key));
  return {
    ...Object.fromEntries(kept),
    ...(items === undefined ? {} : { items: shortenResult(items, told) }),
    ...(told && properties !== undefined ? { properties: shortenMembers(properties as Members) } : {}),
  };
}

function shortenMembers(members: Members): Members {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, shortenResult(member, false)]));
}

/** Kinds of objects that a constant member tells apart, as one whose members say which kind they belong to: few clients know unions. */
function mergeKinds(kinds: readonly Schema[]): ObjectSchema {
  const shapes = kinds.map((kind) => kind["properties"] as Members);
  const names = [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
  const required = names.filter((name) => kinds.every((kind) => (kind["required"] as string[]).includes(name)));
  const properties = Object.fromEntries(names.map((name) => [name, mergeMember(shapes, name)]));
  return { type: "object", properties, required, additionalProperties: false };
}

function mergeMember(shapes: readonly Members[], name: string): Schema {
  const having = shapes.filter((shape) => name in shape);
  const [first = {}] = having.map((shape) => shape[name]);
  if ("const" in first) return { type: "string", enum: having.map((shape) => shape[name]?.["const"]) };
  const words = new Set(having.map((shape) => shape[name]?.["description"]));
  if (having.length === shapes.length && words.size === 1) return first;
  return { ...first, description: `${having.map((shape) => describeMember(shape, name)).join("; ")}.` };
}

function describeMember(shape: Members, name: string): string {
  const kind = Object.values(shape).find((member) => "const" in member)?.["const"];
  return `${String(kind)}: ${String(shape[name]?.["description"]).replace(/\.$/, "")}`;
}
