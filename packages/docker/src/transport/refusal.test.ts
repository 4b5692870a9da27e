import { CosError } from "@cos/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { engineMessage, refusalStatus, toRefusal } from "./refusal.ts";

test.each([
  [400, "invalid_argument"],
  [401, "denied"],
  [403, "denied"],
  [404, "not_found"],
  [409, "conflict"],
  [500, "internal"],
  [501, "unsupported"],
  [503, "unavailable"],
  [418, "internal"],
])("status %i is the error %s", (status, code) => {
  const refusal = toRefusal(status, '{"message":"because"}');
  expect(refusal).toMatchObject({ code, message: "The engine refused: because", details: { status } });
  expect(refusalStatus(refusal)).toBe(status);
});

test.each([
  ["can only kill running containers. 1 is in state created: container state improper", "conflict", 409],
  ["network name web already used: network already exists", "conflict", 409],
  [`normalizing image: normalizing name "${"a".repeat(64)}" for compat API: invalid`, "not_found", 404],
])("an internal error of Podman that is none: %s", (message, code, status) => {
  expect(toRefusal(500, JSON.stringify({ message }))).toMatchObject({ code, details: { status } });
});

test("other errors have no status", () => {
  expect(refusalStatus(new CosError("internal", "x"))).toBeUndefined();
  expect(refusalStatus(new CosError("internal", "x", { details: { status: "404" } }))).toBeUndefined();
  expect(refusalStatus(new Error("x"))).toBeUndefined();
  expect(refusalStatus(undefined)).toBeUndefined();
});

test.each([
  ['{"message":"no such image"}', "no such image"],
  ["plain text", "plain text"],
  ["", "no reason given"],
  ['{"message":"  "}', "no reason given"],
  ['{"message":"two\\nlines\\u001b[31m"}', "two lines [31m"],
  ['{"message":7}', '{"message":7}'],
  ["null", "null"],
])("the body %j says %j", (body, message) => {
  expect(engineMessage(body)).toBe(message);
});

test("a message is one line of bounded length, whatever the engine sends", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 2000 }), fc.json()), (body) => {
      const message = engineMessage(body);
      expect(message).not.toBe("");
      expect(message.length).toBeLessThanOrEqual(501);
      expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }),
  );
});
