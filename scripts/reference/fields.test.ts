import { describe, expect, it } from "vitest";

import { toFields } from "./fields.ts";

describe("toFields", () => {
  it("says what a field is, with its default and whether it must be there", () => {
    const fields = toFields({
      properties: {
        image: { type: "string", description: "What to run." },
        pids: { type: "integer", minimum: 1, maximum: 64, default: 8 },
      },
      required: ["image"],
    });
    expect(fields).toEqual([
      { path: "image", type: "string", required: true, preset: undefined, description: "What to run." },
      { path: "pids", type: "integer 1 to 64", required: false, preset: "8", description: "" },
    ]);
  });

  it("gives members of objects and lists rows of their own", () => {
    const named = { type: "object", properties: { name: { type: "string" } } };
    const fields = toFields({ properties: { owner: named, containers: { type: "array", items: named } } });
    expect(fields.map(({ path, type }) => [path, type])).toEqual([
      ["owner", "object"],
      ["owner.name", "string"],
      ["containers", "list of object"],
      ["containers[].name", "string"],
    ]);
  });

  it("tells the variants of a union apart by their tag", () => {
    const variant = (type: string, member: string) => ({
      type: "object",
      properties: { type: { type: "string", const: type }, [member]: { type: "string" } },
    });
    const fields = toFields({
      properties: {
        mounts: { type: "array", items: { oneOf: [variant("bind", "source"), variant("tmpfs", "size")] } },
      },
    });
    expect(fields.map(({ path }) => path)).toEqual([
      "mounts",
      "mounts[bind].type",
      "mounts[bind].source",
      "mounts[tmpfs].type",
      "mounts[tmpfs].size",
    ]);
  });

  it.each([
    [{ enum: ["a", "b"] }, '"a" or "b"'],
    [{ anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] }, "string or list of string"],
    [{ type: "object", additionalProperties: { type: "string" } }, "object of strings"],
    [{ type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, "integer"],
    [{ type: "number", minimum: 0 }, "number from 0"],
  ])("writes %j as %s", (schema, type) => {
    expect(toFields({ properties: { field: schema } })[0]?.type).toBe(type);
  });
});
