import type { Operation } from "@cos/control-plane";
import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { type ObjectSchema, toInputSchema, toResultSchema } from "./schema.ts";

const confirmToken = {
  type: "string",
  description: "From a `confirm` answer to this same call.",
};

/** What there is instead of a result when a change waits for somebody's yes. */
const undecided = {
  preview: { type: "object" },
  confirmToken: { type: "string" },
  reference: { type: "string" },
  expiresInSeconds: { type: "integer" },
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
        ...(operation.untrusted === undefined ? {} : { untrusted: { type: "array", items: { type: "string" } } }),
        ...(effect === "read" ? {} : undecided),
      },
      required: ["status"],
    },
    annotations: {
      readOnlyHint: effect === "read",
      destructiveHint: effect === "destroy",
      idempotentHint: effect === "read",
      openWorldHint: false,
    },
  };
}

/** The schema of an operation's input, without what the adapter adds. */
export function inputSchemaOf(operation: Operation): ObjectSchema {
  return schemasOf(operation).input;
}

function toEngineField(engines: readonly string[]) {
  return { type: "string", enum: [...engines], default: engines[0], description: "The engine to use." };
}

/** The schemas of each operation, which are made once, however many clients there are. */
const made = new WeakMap<Operation, Record<"input" | "output", ObjectSchema>>();

function schemasOf(operation: Operation): Record<"input" | "output", ObjectSchema> {
  const known = made.get(operation);
  if (known !== undefined) return known;
  const fresh = { input: toInputSchema(operation.input), output: toResultSchema(operation.output) };
  made.set(operation, fresh);
  return fresh;
}
