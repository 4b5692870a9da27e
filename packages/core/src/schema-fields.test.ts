import { expect, test } from "vitest";
import * as z from "zod";
import { fieldsAt } from "./schema-fields.ts";

const inner = z.strictObject({ path: z.string(), mode: z.string().optional() });
const schema = z
  .strictObject({
    files: z.array(inner).max(3).default([]),
    byName: z.record(z.string(), inner).optional(),
    mounts: z.array(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("a"), name: z.string() }),
        z.strictObject({ type: z.literal("b"), size: z.string() }),
      ]),
    ),
    trimmed: z.strictObject({ x: z.int() }).transform(({ x }) => x),
    note: z.string(),
  })
  .refine(() => true);

test.each([
  [[], ["files", "byName", "mounts", "trimmed", "note"]],
  [
    ["files", 0],
    ["path", "mode"],
  ],
  [
    ["byName", "x"],
    ["path", "mode"],
  ],
  [
    ["mounts", 1],
    ["type", "name", "size"],
  ],
  [["trimmed"], ["x"]],
  [["files"], []],
  [["note"], []],
  [["note", "x"], []],
  [["none"], []],
  [["constructor"], []],
  [["files", 0, "path", "deeper"], []],
])("at %j there are %j", (path, fields) => {
  expect(fieldsAt(schema, path)).toEqual(fields);
});
