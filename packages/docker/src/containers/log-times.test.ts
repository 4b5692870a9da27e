import type { LogChunk } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameTimes, readTerminalTimes } from "./log-times.ts";

const [early, late] = ["2026-11-25T09:19:04.380430110Z", "2026-11-25T09:19:04.381624762Z"];
/** As long as the engine's buffer for a terminal. */
const full = "x".repeat(16 * 1024);

/** What a terminal's log holds when it comes in pieces of so many bytes. */
async function readTerminal(text: string, pieceBytes = text.length): Promise<LogChunk[]> {
  async function* pieces() {
    for (let at = 0; at < text.length; at += pieceBytes) yield Buffer.from(text.slice(at, at + pieceBytes));
  }
  const chunks: LogChunk[] = [];
  for await (const chunk of readTerminalTimes(pieces())) chunks.push({ ...chunk, data: Buffer.from(chunk.data) });
  return chunks;
}

/** Entries of chunks, as number, time and text. */
function entriesOf(chunks: readonly LogChunk[]): [number, string, string][] {
  const entries = new Map<number, [number, string, string]>();
  for (const { entry = -1, time = "", data } of chunks) {
    const [, , text] = entries.get(entry) ?? [entry, time, ""];
    entries.set(entry, [entry, time, text + Buffer.from(data).toString()]);
  }
  return [...entries.values()];
}

describe("the times of frames", () => {
  /** What frames hold when each comes in pieces of so many bytes. */
  function read(frames: readonly string[], pieceBytes = 100_000): [number, string, string][] {
    const times = new FrameTimes();
    const chunks = frames.flatMap((text, frame) => {
      const starts = Array.from({ length: Math.ceil(text.length / pieceBytes) }, (_, index) => index * pieceBytes);
      return starts.flatMap((at) => {
        const data = Buffer.from(text.slice(at, at + pieceBytes));
        return times.take({ stream: "stdout", data, frame }) ?? [];
      });
    });
    return entriesOf(chunks);
  }

  test("are taken off the beginning of each, however the frames are cut", () => {
    const frames = [`${early} one\n`, `${early} ${late} in the text\n`, `${late} \n`, `${late} ${full}`];
    for (const pieceBytes of [1, 7, 30, 31, 32, 100_000]) {
      expect(read(frames, pieceBytes)).toEqual([
        [0, early, "one\n"],
        [1, early, `${late} in the text\n`],
        [2, late, "\n"],
        [3, late, full],
      ]);
    }
  });

  test("are exact also as an engine says them that leaves out zeros and has a zone", () => {
    expect(read(["2026-11-25T10:19:04.38+01:00 one\n", "2026-11-25T09:19:05Z two\n"])).toEqual([
      [0, "2026-11-25T09:19:04.380000000Z", "one\n"],
      [1, "2026-11-25T09:19:05.000000000Z", "two\n"],
    ]);
  });

  test.each(["one two\n", "no time in here at all, however long one looks\n", "x".repeat(100)])(
    "are missed in %j",
    (text) => {
      expect(() => read([text])).toThrowError(expect.objectContaining({ code: "internal" }) as Error);
    },
  );
});

describe("the times of a terminal", () => {
  test("are taken off the beginning of each line, and of each part of a long one", async () => {
    const text = `${early} one\r\n${early} ${full}${early} ${full}${early} end\r\n${late} ${early} in it\r\n${late} rest`;
    const entries = [
      [0, early, "one\r\n"],
      [1, early, full],
      [2, early, full],
      [3, early, "end\r\n"],
      [4, late, `${early} in it\r\n`],
      [5, late, "rest"],
    ];
    for (const pieceBytes of [1, 31, 1000, text.length])
      expect(entriesOf(await readTerminal(text, pieceBytes))).toEqual(entries);
  });

  test("stay in the text where no entry can begin", async () => {
    const text = `${early} half ${late} other half\n`;
    expect(entriesOf(await readTerminal(text))).toEqual([[0, early, `half ${late} other half\n`]]);
  });

  test("of a line that was kept whole are one", async () => {
    expect(entriesOf(await readTerminal(`${early} ${full}${full}more\n${late} two\n`, 100))).toEqual([
      [0, early, `${full}${full}more\n`],
      [1, late, "two\n"],
    ]);
  });

  test("are missed in what has none", async () => {
    await expect(readTerminal("one\n")).rejects.toMatchObject({ code: "internal" });
    expect(await readTerminal("")).toEqual([]);
  });

  test("hold back nothing that the engine has sent", async () => {
    const lines = fc.array(fc.string({ unit: fc.constantFrom("a", " ", "\r", "2"), maxLength: 40 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 50 }), async (texts, pieceBytes) => {
        const chunks = await readTerminal(texts.map((text) => `${early} ${text}\n`).join(""), pieceBytes);
        expect(entriesOf(chunks).map(([, , text]) => text)).toEqual(texts.map((text) => `${text}\n`));
      }),
    );
  });
});
