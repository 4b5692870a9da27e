import { ownerName } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOauthName, toOauthName } from "./caller.ts";

describe("a caller whom an OAuth issuer knows", () => {
  test("has a name that says so, and its subject where that can be part of one", () => {
    expect(toOauthName("alice@example.com")).toBe("oauth-alice@example.com");
    expect(toOauthName("auth0|5f7c")).toMatch(/^oauth\.[0-9a-f]{48}$/);
  });

  test("has a name that is valid, and that nobody else has", () => {
    const subject = fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[A-Za-z0-9._@|-]{1,70}$/));
    fc.assert(
      fc.property(subject, subject, (one, other) => {
        const [name, otherName] = [toOauthName(one), toOauthName(other)];
        expect(ownerName.safeParse(name).success && isOauthName(name)).toBe(true);
        expect(name === otherName).toBe(one === other);
        expect(toOauthName(name)).not.toBe(name);
      }),
    );
  });
});
