import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBearer } from "./bearer.ts";

const token = fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,200}={0,2}$/);
const isToken = (text: string) => /^[A-Za-z0-9._~+/-]+=*$/.test(text);

describe("the Authorization header", () => {
  test("gives its token, however the scheme is spelled and spaced", () => {
    const scheme = fc.mixedCase(fc.constant("bearer"));
    const spaces = fc.integer({ min: 1, max: 9 }).map((count) => " ".repeat(count));
    fc.assert(
      fc.property(scheme, spaces, token, (name, space, text) => {
        expect(readBearer([name + space + text])).toEqual({ token: text });
      }),
    );
  });

  test("gives no token that is not there in full, whatever it is", () => {
    const near = fc.tuple(
      fc.constantFrom("Bearer", "Basic", "Bearer:", "Bearer Bearer", "", "Token"),
      fc.string(),
      token,
    );
    const header = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      near.map(([scheme, middle, text]) => scheme + middle + text),
    );
    fc.assert(
      fc.property(header, (text) => {
        const read = readBearer([text]);
        if ("token" in read) {
          expect(text.toLowerCase().startsWith("bearer ")).toBe(true);
          expect(text.trimEnd().endsWith(` ${read.token}`)).toBe(true);
          expect(isToken(read.token)).toBe(true);
        } else expect(read).toEqual({ problem: expect.stringContaining("Bearer"), showed: true });
      }),
      { numRuns: 1000 },
    );
  });

  test("repeats nothing of what it holds in its complaint", () => {
    fc.assert(
      fc.property(token, (text) => {
        const canary = `canary${text}`;
        expect(JSON.stringify(readBearer([`Basic ${canary}`]))).not.toContain(canary);
        expect(JSON.stringify(readBearer([`Bearer ${canary}`, `Bearer ${canary}`]))).not.toContain(canary);
      }),
    );
  });

  test.each([
    [[], { problem: "This needs an access token.", showed: false }],
    [["Bearer a", "Bearer a"], { problem: "There must be one Authorization header.", showed: true }],
    [["Bearer a, Bearer b"], { problem: expect.any(String), showed: true }],
    [[`Bearer ${"a".repeat(8193)}`], { problem: expect.any(String), showed: true }],
    [[`Bearer ${"a".repeat(8192)}`], { token: "a".repeat(8192) }],
  ])("of a request with %j", (headers, expected) => {
    expect(readBearer(headers)).toEqual(expected);
  });

  test("is read in time that grows with its length, and no faster", () => {
    const started = performance.now();
    for (const text of [
      `Bearer${" ".repeat(16_000)}`,
      `Bearer ${"=".repeat(16_000)}`,
      `Bearer ${"a=".repeat(8000)}`,
      `Bearer ${"a".repeat(16_000)} ;`,
    ])
      expect(readBearer([text])).toHaveProperty("problem");
    expect(performance.now() - started).toBeLessThan(500);
  });
});
