import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hmacSha256, toHmacKey } from "./hmac.ts";

test("an HMAC is the one that Node computes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ unit: "binary", maxLength: 300 }), (key, text) => {
      const expected = createHmac("sha256", key).update(text).digest();
      expect(hmacSha256(toHmacKey(key), text).equals(expected)).toBe(true);
    }),
  );
});
