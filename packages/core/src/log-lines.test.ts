import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LogLine, LogLines } from "./log-lines.ts";
import type { LogChunk } from "./logs.ts";

const [early, late] = ["2026-11-25T09:00:00.000000001Z", "2026-11-25T09:00:00.000000002Z"];

function chunk(text: string | Uint8Array, more: Partial<LogChunk> = {}): LogChunk {
  return { stream: "stdout", data: Buffer.from(text as string), ...more };
}

/** The lines of chunks, with as many bytes of each as given. */
function linesOf(chunks: readonly LogChunk[], maxLineBytes = 1024): LogLine[] {
  const lines = new LogLines(maxLineBytes);
  return [...chunks.flatMap((piece) => lines.push(piece)), ...lines.end()];
}

const textOf = (lines: readonly LogLine[]) => lines.map(({ text, ended }) => `${text}${ended ? "\n" : ""}`).join("");

describe("lines of a log", () => {
  test("are over with their end, and the last one with the log", () => {
    expect(linesOf([chunk("one\n\ntw"), chunk("o\nrest")])).toMatchObject([
      { text: "one", ended: true },
      { text: "", ended: true },
      { text: "two", ended: true },
      { text: "rest", ended: false },
    ]);
    expect(linesOf([])).toEqual([]);
    expect(linesOf([chunk("")])).toEqual([]);
  });

  test("keep their stream, and the order of the log where the other one cuts in", () => {
    const lines = linesOf([chunk("half "), chunk("oops\n", { stream: "stderr" }), chunk("other half\n")]);
    expect(lines).toMatchObject([
      { stream: "stdout", text: "half ", ended: false },
      { stream: "stderr", text: "oops", ended: true },
      { stream: "stdout", text: "other half", ended: true },
    ]);
  });

  test("have the time of their first entry, and know which entries begin in them", () => {
    const entries = [
      chunk("a lo", { time: early, entry: 0 }),
      chunk("ng ", { time: early, entry: 0 }),
      chunk("line\n", { time: late, entry: 1 }),
      chunk("\n", { time: late, entry: 2 }),
    ];
    expect(linesOf(entries)).toMatchObject([
      { text: "a long line", time: early, entryTimes: [early, late] },
      { text: "", time: late, entryTimes: [late] },
    ]);
  });

  test("without times have none", () => {
    expect(linesOf([chunk("one\n")])).toMatchObject([{ time: undefined, entryTimes: [] }]);
  });

  test("are cut at the most that is kept, between characters, and counted", () => {
    expect(linesOf([chunk("12345\n1234567\n")], 5)).toMatchObject([
      { text: "12345", cutBytes: 0 },
      { text: "12345", cutBytes: 2 },
    ]);
    expect(linesOf([chunk("1234é\n")], 5)).toMatchObject([{ text: "1234", cutBytes: 2 }]);
    expect(linesOf([chunk("x".repeat(5_000_000))], 5)).toMatchObject([{ text: "xxxxx", cutBytes: 4_999_995 }]);
  });

  test("may hold any bytes", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const [first, second] = linesOf([chunk(bytes)]);
    expect([first?.text.length, second?.text.startsWith("\u000b")]).toEqual([10, true]);
    expect(second?.text.slice(-1)).toBe("\ufffd");
  });

  test("are the same however the log is cut into chunks, and keep nothing that is used again", () => {
    const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 30 });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "é", "😀", "\n", "\r\n"), maxLength: 120 }),
        cuts,
        (text, at) => {
          const bytes = Buffer.from(text);
          const whole = linesOf([{ stream: "stdout", data: bytes, time: early, entry: 0 }], 16);
          const lines = new LogLines(16);
          const buffer = Buffer.alloc(bytes.byteLength);
          const edges = [
            0,
            ...at.filter((edge) => edge < bytes.byteLength).toSorted((a, b) => a - b),
            bytes.byteLength,
          ];
          const pieces = edges.slice(1).flatMap((edge, index) => {
            const length = bytes.copy(buffer, 0, edges[index], edge);
            const said = lines.push({ stream: "stdout", data: buffer.subarray(0, length), time: early, entry: 0 });
            buffer.fill(0);
            return said;
          });
          expect([...pieces, ...lines.end()]).toEqual(whole);
          if (whole.every(({ cutBytes }) => cutBytes === 0)) expect(textOf(whole)).toBe(text);
        },
      ),
    );
  });
});
