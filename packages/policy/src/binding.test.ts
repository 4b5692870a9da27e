import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Binding, bindingDigest } from "./binding.ts";
import { callerKinds } from "./question.ts";

const text = fc.string({ maxLength: 8 });
const target = fc.option(fc.record({ kind: text, id: text, stateDigest: text }), { nil: undefined });
const binding: fc.Arbitrary<Binding> = fc.record({
  caller: fc.record({ kind: fc.constantFrom(...callerKinds), name: text }),
  operation: text,
  engine: text,
  target,
  inputDigest: text,
  previewDigest: text,
  policyVersion: text,
});

function saySame(one: Binding, other: Binding): boolean {
  const [left, right] = [one, other].map(({ caller, target, ...rest }) =>
    JSON.stringify([
      caller.kind,
      caller.name,
      rest.operation,
      rest.engine,
      rest.inputDigest,
      rest.previewDigest,
      rest.policyVersion,
      target === undefined ? null : [target.kind, target.id, target.stateDigest],
    ]),
  );
  return left === right;
}

/** The same binding with another value at one place. */
const changes: Record<string, (of: Binding, other: string) => Binding> = {
  "the caller's kind": (of, other) => ({ ...of, caller: { ...of.caller, kind: other as "stdio" } }),
  "the caller's name": (of, other) => ({ ...of, caller: { ...of.caller, name: other } }),
  "the operation": (of, other) => ({ ...of, operation: other }),
  "the engine": (of, other) => ({ ...of, engine: other }),
  "the target's kind": (of, other) => ({ ...of, target: { id: "", stateDigest: "", ...of.target, kind: other } }),
  "the target's id": (of, other) => ({ ...of, target: { kind: "", stateDigest: "", ...of.target, id: other } }),
  "the target's state": (of, other) => ({ ...of, target: { kind: "", id: "", ...of.target, stateDigest: other } }),
  "the input": (of, other) => ({ ...of, inputDigest: other }),
  "the preview": (of, other) => ({ ...of, previewDigest: other }),
  "the policy": (of, other) => ({ ...of, policyVersion: other }),
};

describe("the digest of a binding", () => {
  test.each(Object.entries(changes))("changes with %s", (_name, change) => {
    fc.assert(
      fc.property(binding, text, (one, other) => {
        const changed = change(one, other);
        fc.pre(!saySame(changed, one));
        expect(bindingDigest(changed)).not.toBe(bindingDigest(one));
      }),
    );
  });

  test("changes when there is no target any more", () => {
    fc.assert(
      fc.property(binding, (one) => {
        fc.pre(one.target !== undefined);
        expect(bindingDigest({ ...one, target: undefined })).not.toBe(bindingDigest(one));
      }),
    );
  });

  test("is the same for two bindings exactly when they say the same", () => {
    fc.assert(
      fc.property(binding, binding, (one, other) => {
        expect(bindingDigest(one) === bindingDigest(other)).toBe(saySame(one, other));
        const { caller, ...rest } = one;
        expect(bindingDigest({ ...structuredClone(rest), caller: { ...caller } })).toBe(bindingDigest(one));
      }),
    );
  });

  test("does not take the end of one field for the start of the next", () => {
    fc.assert(
      fc.property(binding, text, fc.string({ minLength: 1 }), (one, start, moved) => {
        const left = { ...one, operation: start + moved, engine: "" };
        const right = { ...one, operation: start, engine: moved };
        expect(bindingDigest(left)).not.toBe(bindingDigest(right));
      }),
    );
  });
});
