import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BoundedOutput, defaultOutputBytes } from "./output.ts";

const marker = /\n\[cos cut (\d+) bytes here\]\n/;

function keep(chunks: readonly Uint8Array[], limitBytes?: number): { text: string; cutBytes: number } {
  const output = new BoundedOutput(limitBytes);
  for (const chunk of chunks) output.push(chunk);
  return { text: output.text(), cutBytes: output.cutBytes };
}

/** `bytes` cut into chunks at the given places. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [
    0,
    ...places.map((place) => place % (bytes.byteLength + 1)).toSorted((a, b) => a - b),
    bytes.byteLength,
  ];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

const limit = fc.nat({ max: 64 });
const places = fc.array(fc.nat(), { maxLength: 12 });
const character = fc
  .oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x7ff }), fc.nat({ max: 0xffff }), fc.nat({ max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code))
  .filter((text) => !/\p{Cs}|\uFFFD/u.test(text));
const validUtf8 = fc.string({ unit: character, maxLength: 200 }).map((text) => Buffer.from(text));

describe("bounded output", () => {
  test("that fits is kept as it is", () => {
    fc.assert(
      fc.property(validUtf8, places, (bytes, cuts) => {
        expect(keep(cutAt(bytes, cuts), bytes.byteLength)).toEqual({ text: bytes.toString(), cutBytes: 0 });
      }),
    );
  });

  test("is the same however it was cut into chunks", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), limit, places, (bytes, limitBytes, cuts) => {
        expect(keep(cutAt(bytes, cuts), limitBytes)).toEqual(keep([bytes], limitBytes));
      }),
    );
  });

  test("keeps the head and the tail, and what is cut is what is missing", () => {
    expect(keep([Buffer.from("0123456789")], 4)).toEqual({ text: "01\n[cos cut 6 bytes here]\n89", cutBytes: 6 });
    expect(keep([Buffer.from("0123456789")], 5)).toEqual({ text: "012\n[cos cut 5 bytes here]\n89", cutBytes: 5 });
    expect(keep([Buffer.from("0123456789")], 1)).toEqual({ text: "0\n[cos cut 9 bytes here]\n", cutBytes: 9 });
    expect(keep([Buffer.from("0123456789")], 0)).toEqual({ text: "\n[cos cut 10 bytes here]\n", cutBytes: 10 });
    fc.assert(
      fc.property(validUtf8, limit, places, (bytes, limitBytes, cuts) => {
        fc.pre(bytes.byteLength > limitBytes && !marker.test(bytes.toString()));
        const { text, cutBytes } = keep(cutAt(bytes, cuts), limitBytes);
        const [head = "", said, tail = ""] = text.split(marker);
        expect(Number(said)).toBe(cutBytes);
        expect(bytes.subarray(0, Buffer.byteLength(head)).toString()).toBe(head);
        expect(bytes.subarray(bytes.byteLength - Buffer.byteLength(tail)).toString()).toBe(tail);
        expect(Buffer.byteLength(head) + cutBytes + Buffer.byteLength(tail)).toBe(bytes.byteLength);
        expect(Buffer.byteLength(head)).toBeGreaterThan(Math.ceil(limitBytes / 2) - 4);
        expect(Buffer.byteLength(tail)).toBeGreaterThan(Math.floor(limitBytes / 2) - 4);
        expect(Buffer.byteLength(head) + Buffer.byteLength(tail)).toBeLessThanOrEqual(limitBytes);
      }),
    );
  });

  test("never cuts through a character", () => {
    fc.assert(
      fc.property(validUtf8, limit, places, (bytes, limitBytes, cuts) => {
        expect(keep(cutAt(bytes, cuts), limitBytes).text).not.toContain("\uFFFD");
      }),
    );
  });

  test("shows bytes that are no text as replacement characters", () => {
    expect(keep([Uint8Array.of(0x61, 0xff, 0x62)])).toEqual({ text: "a\uFFFDb", cutBytes: 0 });
  });

  test("can be read before its end, and goes on", () => {
    const output = new BoundedOutput(4);
    output.push(Buffer.from("abcdef"));
    expect(output.text()).toBe("ab\n[cos cut 2 bytes here]\nef");
    output.push(Buffer.from("gh"));
    expect([output.text(), output.text()]).toEqual(Array(2).fill("ab\n[cos cut 4 bytes here]\ngh"));
  });

  test("does not change with the chunk that it was given", () => {
    const chunk = Buffer.from("hello");
    const output = new BoundedOutput();
    output.push(chunk);
    chunk.fill(0);
    expect(output.text()).toBe("hello");
  });

  test("keeps 1 MiB unless asked otherwise", () => {
    expect(defaultOutputBytes).toBe(1024 * 1024);
    const chunk = new Uint8Array(64 * 1024);
    expect(keep(Array<Uint8Array>(17).fill(chunk)).cutBytes).toBe(64 * 1024);
  });
});
