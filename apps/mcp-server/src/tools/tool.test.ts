import { catalogue, type Operation } from "@cos/control-plane";
import { ListToolsResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { fromOutcome } from "./answer.ts";
import { toTool } from "./tool.ts";
import { chooseTools } from "./toolsets.ts";

type Json = Readonly<Record<string, unknown>>;

const validators = new AjvJsonSchemaValidator();
const operations: [string, Operation][] = catalogue.map((operation) => [operation.name, operation]);

/** Every schema in a schema, with the way to it. */
function walk(schema: unknown, path = ""): { path: string; schema: Json }[] {
  if (typeof schema !== "object" || schema === null) return [];
  const inside = Object.entries(schema).flatMap(([key, value]) => walk(value, `${path}/${key}`));
  // What stands between a schema and its members are their names, which may be any.
  return path.endsWith("/properties") ? inside : [{ path, schema: schema as Json }, ...inside];
}

const propertiesOf = (schema: Json) => (schema["properties"] ?? {}) as Readonly<Record<string, Json>>;

describe.each(operations)("%s as a tool", (_name, operation) => {
  const tool = toTool(operation);
  const everywhere = [...walk(tool.inputSchema), ...walk(tool.outputSchema)];

  test("is named as every client allows, and has a title of its own", () => {
    expect(tool.name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(tool.title).toMatch(/^[A-Z][^.]+$/);
  });

  test("says what it does, when to use it, and of every field what it is", () => {
    const sentences = (tool.description ?? "").split(/(?<=[.]) (?=[A-Z])/);
    expect(sentences.length).toBeGreaterThanOrEqual(3);
    expect(sentences.length).toBeLessThanOrEqual(9);
    expect(sentences[0]).toMatch(/^[A-Z][a-z]+s /);
    expect(tool.description).toMatch(/\b[Uu]se it\b/);
    for (const { path, schema } of walk(tool.inputSchema)) {
      for (const [field, member] of Object.entries(propertiesOf(schema)))
        if (field !== "type") expect(member["description"], `${path}/${field}`).toMatch(/^[^ ].{7,}[.]$/);
    }
  });

  test("points to other tools by names that there are", () => {
    const named = [...(tool.description ?? "").matchAll(/\b[a-z]+_[a-z_]+\b/g)].map(([name]) => name);
    const known = new Set([...catalogue.map(({ name }) => name), "already_exists"]);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect(named).not.toContain(tool.name);
  });

  test("takes a plain object, which strict clients can send: without unions at its top, every list with items", () => {
    expect(tool.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    for (const schema of [tool.inputSchema, tool.outputSchema])
      expect(Object.keys(schema ?? {})).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/Of$|^not$|^enum$/)]),
      );
    for (const { path, schema } of everywhere) {
      if (schema["type"] === "array") expect(schema, path).toHaveProperty("items.type");
      for (const key of [
        "$ref",
        "$defs",
        "$schema",
        "allOf",
        "oneOf",
        "definitions",
        "format",
        "not",
        "pattern",
        "const",
      ])
        expect(schema, path).not.toHaveProperty(key);
      for (const required of (schema["required"] ?? []) as string[])
        expect(Object.keys(propertiesOf(schema)), path).toContain(required);
      if ("default" in schema)
        expect(validators.getValidator(schema as Json)(schema["default"])).toMatchObject({ valid: true });
    }
  });

  test("says how large its numbers may be", () => {
    for (const { path, schema } of walk(tool.inputSchema)) {
      if (schema["type"] !== "integer" && schema["type"] !== "number") continue;
      expect(schema["maximum"], path).toBeLessThan(2 ** 32);
    }
  });

  test("takes a token exactly when it can change something, beside its own fields", () => {
    const own = Object.keys(operation.input.shape);
    expect(own).not.toContain("confirmToken");
    expect(Object.keys(propertiesOf(tool.inputSchema))).toEqual(
      operation.effect === "read" ? own : [...own, "confirmToken"],
    );
  });

  test("tells its effect, and contradicts it nowhere", () => {
    expect(tool.annotations).toEqual({
      readOnlyHint: operation.effect === "read",
      destructiveHint: operation.effect === "destroy",
      idempotentHint: expect.any(Boolean),
      openWorldHint: expect.any(Boolean),
    });
    expect(/\bIt changes nothing\b/.test(tool.description ?? "")).toBe(operation.effect === "read");
  });

  test("names every member of its result, and of no other", () => {
    const { result } = propertiesOf(tool.outputSchema ?? {});
    const { properties } = z.toJSONSchema(operation.output, { io: "output" });
    expect(Object.keys(propertiesOf(result ?? {}))).toEqual(Object.keys(properties ?? {}));
  });

  test("answers in its output schema, whatever becomes of the call", () => {
    const isValid = validators.getValidator(tool.outputSchema as Json);
    const decided = { callId: "1", rule: "some-rule", reason: "Some reason." };
    const preview = { text: "Do it.", changes: { action: "do" } };
    const undecided = { ...decided, preview, expiresInSeconds: 120 };
    for (const outcome of [
      { ...undecided, status: "confirm", confirmToken: "t" },
      { ...undecided, status: "pending", reference: "r" },
      { ...decided, status: "denied" },
    ] as const) {
      expect(isValid(fromOutcome(outcome).structuredContent), outcome.status).toMatchObject({ valid: true });
    }
    expect(isValid({ status: "done", result: "something else" })).toMatchObject({ valid: false });
    expect(isValid({ status: "maybe" })).toMatchObject({ valid: false });
  });

  test("is offered as it was; a change shows in the snapshot", async () => {
    await expect(`${JSON.stringify(tool, null, 2)}\n`).toMatchFileSnapshot(`__snapshots__/${tool.name}.tool`);
  });
});

test("the default tools point only to each other", () => {
  const tools = chooseTools().map((operation) => toTool(operation));
  const named = tools.flatMap(({ description = "" }) => description.match(/\b[a-z]+_[a-z_]+\b/g) ?? []);
  expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
});

test("all tools together are a list that clients accept", () => {
  const tools = catalogue.map((operation) => toTool(operation));
  expect(ListToolsResultSchema.parse({ tools }).tools).toEqual(tools);
});
