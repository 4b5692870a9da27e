import { describe, expect, test } from "vitest";
import { assertLogOptions, type LogOptions } from "./logs.ts";

const [signal] = [new AbortController().signal];
const time = "2026-11-25T09:19:04.380430110Z";

describe("options of a log", () => {
  test.each<LogOptions>([
    {},
    { tail: 0 },
    { tail: 5, since: time, stream: "stderr", timestamps: true },
    { since: new Date(), until: time },
    { follow: true, tail: 5, since: new Date(0), signal },
    { follow: false, until: time },
  ])("%j make sense", (options) => {
    expect(() => assertLogOptions(options)).not.toThrow();
  });

  test.each<LogOptions>([
    { tail: -1 },
    { tail: 0.5 },
    { tail: Number.NaN },
    { since: "2026-11-25" },
    { until: new Date(Number.NaN) },
    { until: new Date(8.64e15) },
    { tail: 5, until: time },
    { follow: true },
    { follow: true, until: time, signal },
  ])("%j are refused, with a hint", (options) => {
    const refusal = { code: "invalid_argument", hint: expect.stringMatching(/./) as string };
    expect(() => assertLogOptions(options)).toThrowError(expect.objectContaining(refusal) as Error);
  });
});
