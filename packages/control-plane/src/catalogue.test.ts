import * as z from "zod";
import { describe, expect, test } from "vitest";
import { catalogue } from "./catalogue.ts";

/** The JSON schema of one part of an operation, as a front end would publish it. */
const toSchema = (schema: z.ZodType, io: "input" | "output") =>
  z.toJSONSchema(schema, { io, unrepresentable: "throw" }) as JsonSchema;

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
}

/** The fields of an object, and those of the objects that its lists hold; the constant that tells kinds of objects apart needs no words. */
function fieldsOf({ properties = {} }: JsonSchema): (readonly [string, JsonSchema])[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const kinds = field.items?.oneOf ?? (field.items === undefined ? [] : [field.items]);
    const inner = kinds.flatMap(fieldsOf).filter(([, member]) => !("const" in member));
    return [[name, field], ...inner] as const;
  });
}

const wordsOf = (text: string) => new Set(text.toLowerCase().match(/[a-z]+/g));

describe("the catalogue", () => {
  test("has every name once", () => {
    const names = catalogue.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  describe.each(catalogue.map((operation) => [operation.name, operation] as const))("%s", (name, operation) => {
    const input = toSchema(operation.input, "input");

    test("is named by lower case words", () => {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    });

    test("says its effect, and a title that differs from its name", () => {
      expect(["read", "mutate", "destroy"]).toContain(operation.effect);
      expect(operation.title).toMatch(/^[A-Z][^.]*$/);
      expect(operation.title.toLowerCase()).not.toBe(name.replaceAll("_", " "));
    });

    test("is described in sentences that say more than the name and title", () => {
      const said = wordsOf(`${name} ${operation.title}`);
      const added = [...wordsOf(operation.description)].filter((word) => !said.has(word));
      expect(added.length).toBeGreaterThan(10);
      expect(operation.description).toMatch(/^[A-Z].*\.$/s);
      expect(operation.description).toMatch(/\bUse it\b|\buse it\b|\bUse\b/);
    });

    test("takes a strict, flat object", () => {
      expect(input).toMatchObject({ type: "object", additionalProperties: false });
      expect(Object.keys(input).filter((key) => ["anyOf", "oneOf", "allOf", "not"].includes(key))).toEqual([]);
      const nested = Object.entries(input.properties ?? {}).filter(
        ([, field]) => field.type === "object" && field.properties !== undefined,
      );
      expect(nested.map(([field]) => field)).toEqual([]);
    });

    test("describes every field of its input, and names fields in camelCase", () => {
      const fields = fieldsOf(input);
      expect(fields.filter(([, { description = "" }]) => description.length < 8).map(([field]) => field)).toEqual([]);
      expect(fields.map(([field]) => field).filter((field) => !/^[a-z]+([A-Z][a-z]+)*$/.test(field))).toEqual([]);
    });

    test("refuses fields that it does not name", () => {
      expect(operation.input.safeParse({ HostConfig: { Privileged: true } }).error?.issues).toContainEqual(
        expect.objectContaining({ code: "unrecognized_keys", keys: ["HostConfig"] }),
      );
    });

    test("answers with an object that says which members there are", () => {
      expect(toSchema(operation.output, "output")).toMatchObject({ type: "object", additionalProperties: false });
    });

    test("keeps its schema; a change shows in the snapshot", async () => {
      const { title, description, effect } = operation;
      const shown = { name, title, description, effect, input, output: toSchema(operation.output, "output") };
      await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot(`__snapshots__/${name}.schema`);
    });
  });
});
