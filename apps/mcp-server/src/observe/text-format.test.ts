import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { createTextFormat } from "./text-format.ts";

const call = JSON.stringify({
  level: "warn",
  time: "2026-11-25T12:00:00.000Z",
  caller: "agent",
  callerKind: "http",
  operation: "container_rm",
  input: { container: "a b\u001b[31m" },
  status: "failed",
  code: "conflict",
  durationMs: 1.5,
  msg: "container_rm failed (conflict)",
});
const text = String.raw`2026-11-25T12:00:00.000Z WARN  agent container_rm failed (conflict) container="a b\u001b[31m" durationMs=1.5`;

test("an entry is a line of text, in which what a caller chose is quoted", () => {
  expect(createTextFormat(false)(call)).toBe(`${text}\n`);
});

test("colour is put around the words of that line, and changes none", () => {
  const colored = createTextFormat(true)(call);
  expect(colored).not.toBe(`${text}\n`);
  expect(stripVTControlCharacters(colored)).toBe(`${text}\n`);
});

test("further lines are set in, so that none of them reads as an entry", () => {
  const entry = { level: "error", time: "T", msg: "It failed:\n2026 INFO", cause: "Error\n  at x" };
  expect(createTextFormat(false)(JSON.stringify(entry))).toBe(
    "T ERROR It failed:\n  2026 INFO\n  cause: Error\n    at x\n",
  );
});
