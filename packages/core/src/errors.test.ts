import { expect, test, vi } from "vitest";
import { CosError, errorCodes } from "./errors.ts";

test("an error carries its code, message, hint, details and cause", () => {
  const cause = new Error("socket hang up at /run/secret.sock");
  const error = new CosError("unavailable", "The engine does not answer.", {
    hint: "Start it.",
    details: { tries: 3 },
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "CosError",
    code: "unavailable",
    hint: "Start it.",
    details: { tries: 3 },
    cause,
  });
});

test("JSON holds what callers may see: never the cause or the stack", () => {
  const error = new CosError("internal", "It failed.", { cause: new Error("secret") });
  expect(JSON.parse(JSON.stringify(error))).toEqual({ code: "internal", message: "It failed." });
  expect(JSON.stringify(new CosError("denied", "No.", { hint: "Ask.", details: { rule: "all" } }))).toBe(
    '{"code":"denied","message":"No.","hint":"Ask.","details":{"rule":"all"}}',
  );
});

test("an error without a cause has no cause property", () => {
  expect("cause" in new CosError("internal", "It failed.")).toBe(false);
});

test("an error of another copy of the package is recognised", async () => {
  vi.resetModules();
  const copy = await import("./errors.ts");
  expect(copy.CosError).not.toBe(CosError);
  const foreign = new copy.CosError("conflict", "It changed.");
  expect(foreign).not.toBeInstanceOf(CosError);
  expect(CosError.is(foreign)).toBe(true);
  expect(copy.CosError.is(new CosError("conflict", "It changed."))).toBe(true);
  expect(CosError.from(foreign)).toBe(foreign);
});

test.each([
  undefined,
  null,
  0,
  "CosError",
  {},
  [],
  new Error("plain"),
  { name: "CosError", code: "denied", message: "No." },
])("%o is no CosError", (value) => expect(CosError.is(value)).toBe(false));

test("an abort becomes cancelled", () => {
  const controller = new AbortController();
  controller.abort();
  expect(CosError.from(controller.signal.reason)).toMatchObject({ code: "cancelled", cause: controller.signal.reason });
});

test.each([new Error("ENOENT /home/alice"), "text", undefined, null, { message: "x" }])(
  "anything else (%o) becomes internal, and its text stays out of the message",
  (value) => {
    const error = CosError.from(value);
    expect(error).toMatchObject({ code: "internal", hint: expect.any(String) });
    expect(error.cause).toBe(value);
    expect(JSON.stringify(error)).not.toContain("alice");
  },
);

test("the list of codes is closed", () => {
  expect(errorCodes).toHaveLength(new Set(errorCodes).size);
  expect([...errorCodes].toSorted()).toEqual([
    "already_exists",
    "ambiguous",
    "cancelled",
    "conflict",
    "deadline_exceeded",
    "denied",
    "failed_precondition",
    "internal",
    "invalid_argument",
    "not_found",
    "unavailable",
    "unsupported",
  ]);
});
