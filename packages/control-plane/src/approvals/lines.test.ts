import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLines } from "./lines.ts";

async function* from(chunks: Iterable<Uint8Array>): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function read(chunks: Iterable<Uint8Array>, maxBytes = 100): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(from(chunks), maxBytes)) lines.push(line);
  return lines;
}

describe("lines of a stream", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replaceAll("\n", " "));

  test("are the same however the stream is cut, and an unfinished one is none", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line), line, fc.integer({ min: 1, max: 9 }), async (lines, rest, size) => {
        const bytes = Buffer.from([...lines, rest].join("\n"));
        const chunks = Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(await read(chunks, 1000)).toEqual(lines);
      }),
    );
  });

  test("can be as long as is allowed, and no longer", async () => {
    for (const chunks of [["12345\n"], ["12", "345\n"], ["12345", "\n"]]) {
      const bytes = chunks.map((text) => Buffer.from(text));
      expect(await read(bytes, 5)).toEqual(["12345"]);
      await expect(read(bytes, 4)).rejects.toThrow(RangeError);
    }
    await expect(read([Buffer.from("12345")], 4)).rejects.toThrow(RangeError);
  });

  test("are refused when one is too long, before all of it is kept", async () => {
    let sent = 0;
    const endless = function* () {
      for (; sent < 1000; sent++) yield Buffer.alloc(1024, "x");
    };
    await expect(read(endless(), 4096)).rejects.toThrow(RangeError);
    expect(sent).toBeLessThan(10);
  });
});
