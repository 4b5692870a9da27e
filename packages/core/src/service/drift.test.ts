import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { specLabel } from "../labels.ts";
import { defineWorkload, type WorkloadInput } from "../spec/workload-spec.ts";
import { findDrift } from "./drift.ts";

const [oldImage, newImage] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
const service = (more: Partial<WorkloadInput> = {}) =>
  defineWorkload({ env: { image: "nginx" }, lifecycle: "persistent", name: "web", ...more });
const drift = (was: Partial<WorkloadInput>, asked: Partial<WorkloadInput>, imageId: string | undefined = oldImage) =>
  findDrift({ spec: specLabel(service(was)).spec, imageId: oldImage }, { spec: service(asked), imageId });

describe("the drift of a service", () => {
  test("is nothing when it is asked for again", () => {
    expect(drift({ variables: { A: "1" } }, { variables: { A: "1" } })).toEqual([]);
  });

  test("names each field with both values as JSON", () => {
    expect(
      drift(
        { variables: { A: "1", B: "2" }, ports: ["8080:80"], purpose: "old" },
        { variables: { A: "1", B: "3", C: "4" }, ports: ["8081:80"], user: "1000" },
      ),
    ).toEqual([
      { field: "ports", current: '["8080:80"]', wanted: '["8081:80"]' },
      { field: "purpose", current: '"old"', wanted: undefined },
      { field: "user", current: undefined, wanted: '"1000"' },
      { field: "variables.B", current: '"2"', wanted: '"3"' },
      { field: "variables.C", current: undefined, wanted: '"4"' },
    ]);
  });

  test("is in the image when its reference names another one now", () => {
    expect(drift({}, {}, newImage)).toEqual([{ field: "image", current: oldImage, wanted: newImage }]);
    expect(drift({}, { env: { image: "nginx:2" } }, newImage).map(({ field }) => field)).toEqual([
      "env.image",
      "image",
    ]);
  });

  test("is not in the image when nobody knows which one it would be", () => {
    expect(
      findDrift({ spec: specLabel(service()).spec, imageId: oldImage }, { spec: service(), imageId: undefined }),
    ).toEqual([]);
  });

  test("is not in how the image is got", () => {
    expect(drift({ pull: "missing" }, { pull: "always" })).toEqual([]);
  });

  test("is not in a field that was added to specs after the service was made", () => {
    const { files: _files, ...older } = JSON.parse(specLabel(service()).spec) as Record<string, unknown>;
    expect(
      findDrift({ spec: JSON.stringify(older), imageId: oldImage }, { spec: service(), imageId: oldImage }),
    ).toEqual([]);
  });

  test("shows long values cut", () => {
    const [field] = drift({}, { variables: { A: "x".repeat(5000) } });
    expect(field?.wanted).toMatch(/^"x{198}…$/);
  });

  test("is in every field when the label holds no spec", () => {
    const fields = findDrift({ spec: "", imageId: oldImage }, { spec: service(), imageId: oldImage });
    expect(fields.map(({ field }) => field)).toContain("env.image");
  });

  test("is empty exactly when both are the same", () => {
    const value = fc.oneof(fc.string(), fc.constant(undefined));
    const spec = fc.record({ purpose: fc.stringMatching(/^[a-z]{1,5}$/), a: value, b: value, restart: fc.boolean() });
    const toInput = ({
      purpose,
      a,
      b,
      restart,
    }: {
      purpose: string;
      a?: string | undefined;
      b?: string | undefined;
      restart: boolean;
    }) => ({
      purpose,
      variables: Object.fromEntries(
        Object.entries({ a, b }).filter(([, text]) => text?.includes("\0") === false && !text.startsWith("secret:")),
      ) as Record<string, string>,
      ...(restart ? { restart: { maxAttempts: 1 } } : {}),
    });
    fc.assert(
      fc.property(spec, spec, (one, other) => {
        const [was, asked] = [toInput(one), toInput(other)];
        const same = specLabel(service(was)).specDigest === specLabel(service(asked)).specDigest;
        expect(drift(was, asked).length === 0).toBe(same);
      }),
    );
  });
});
