import { catalogue, type Operation } from "@cos/control-plane";
import { ListToolsResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { describe, expect, test } from "vitest";
import { fromOutcome } from "./answer.ts";
import { toTool } from "./tool.ts";

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

  test("has what a tool needs", () => {
    expect(tool.name).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(tool.title).not.toBe("");
    expect(tool.description?.length).toBeGreaterThan(80);
    expect(tool.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    for (const [field, schema] of Object.entries(propertiesOf(tool.inputSchema)))
      expect(schema, field).toHaveProperty("description");
  });

  test("has schemas that a model reads with ease: flat, bounded, and without long expressions", () => {
    for (const { path, schema } of walk(tool.inputSchema)) {
      if (schema["type"] === "integer") {
        expect(schema, path).toMatchObject({ minimum: expect.any(Number), maximum: expect.any(Number) });
        expect(schema["maximum"], path).toBeLessThan(2 ** 32);
      }
    }
    for (const { path, schema } of [...walk(tool.inputSchema), ...walk(tool.outputSchema)]) {
      for (const key of ["$ref", "$schema", "allOf", "definitions", "format", "not"])
        expect(schema, path).not.toHaveProperty(key);
      expect(JSON.stringify(schema["pattern"] ?? "").length, path).toBeLessThan(100);
      expect(Math.abs(Number(schema["maximum"] ?? 0)), path).toBeLessThan(Number.MAX_SAFE_INTEGER);
    }
    expect(JSON.stringify(tool.inputSchema).length).toBeLessThan(8 * 1024);
  });

  test("takes a token exactly when it can change something, beside its own fields", () => {
    const own = Object.keys(operation.input.shape);
    expect(own).not.toContain("confirmToken");
    expect(Object.keys(propertiesOf(tool.inputSchema))).toEqual(
      operation.effect === "read" ? own : [...own, "confirmToken"],
    );
  });

  test("tells its effect, and contradicts it nowhere", () => {
    expect(tool.annotations).toMatchObject({
      readOnlyHint: operation.effect === "read",
      destructiveHint: operation.effect === "destroy",
    });
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
});

test("all tools together are a list that clients accept, and that leaves room for the work", () => {
  const tools = catalogue.map((operation) => toTool(operation));
  expect(ListToolsResultSchema.parse({ tools }).tools).toEqual(tools);
  expect(JSON.stringify(tools).length).toBeLessThan(120 * 1024);
});
