import type { Operation } from "@cos/control-plane";
import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";

const confirmToken = {
  type: "string",
  description: "The token of an earlier answer `confirm` to this very call, to do exactly what its preview said.",
};

/**
 * An operation as a tool: its schemas as JSON Schema, and hints from its effect. Every tool answers with the same flat
 * envelope, which `answer.ts` makes; a failure answers with text alone.
 */
export function toTool(operation: Operation, engines: readonly string[] = []): Tool {
  const { name, title, description, effect } = operation;
  const schemas = schemasOf(operation);
  const { properties, ...rest } = schemas.input;
  return {
    name,
    title,
    description,
    inputSchema: {
      ...rest,
      properties: {
        ...properties,
        ...(engines.length > 1 ? { engine: toEngineField(engines) } : {}),
        ...(effect === "read" ? {} : { confirmToken }),
      },
    },
    outputSchema: {
      type: "object",
      properties: {
        status: { type: "string", enum: ["done", "confirm", "pending", "denied"] },
        result: schemas.output,
        preview: {
          type: "object",
          properties: { text: { type: "string" }, changes: { type: "object" } },
          required: ["text", "changes"],
        },
        confirmToken: { type: "string" },
        reference: { type: "string" },
        expiresInSeconds: { type: "integer" },
        rule: { type: "string" },
        reason: { type: "string" },
      },
      required: ["status"],
      additionalProperties: false,
    },
    annotations: {
      title,
      readOnlyHint: effect === "read",
      destructiveHint: effect === "destroy",
      idempotentHint: effect === "read",
      openWorldHint: false,
    },
  };
}

function toEngineField(engines: readonly string[]) {
  return { type: "string", enum: [...engines], default: engines[0], description: "The engine to use." };
}

/** The schemas of each operation, which are made once, however many clients there are. */
const made = new WeakMap<Operation, Record<"input" | "output", Tool["inputSchema"]>>();

function schemasOf(operation: Operation): Record<"input" | "output", Tool["inputSchema"]> {
  const known = made.get(operation);
  if (known !== undefined) return known;
  const fresh = { input: toSchema(operation.input, "input"), output: toSchema(operation.output, "output") };
  made.set(operation, fresh);
  return fresh;
}

/** In draft 7, which all clients know. */
function toSchema(schema: z.ZodType, io: "input" | "output"): Tool["inputSchema"] {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: "draft-7", override: dropTheObvious });
  return { ...rest, type: "object" } as Tool["inputSchema"];
}

/** That whole numbers are exact, that members have names, and that any members may be anything, needs no words. */
function dropTheObvious({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  const { propertyNames, additionalProperties } = jsonSchema;
  if (typeof additionalProperties === "object" && Object.keys(additionalProperties).length === 0)
    delete jsonSchema.additionalProperties;
  if (typeof propertyNames === "object" && Object.keys(propertyNames).length === 1) delete jsonSchema.propertyNames;
}
