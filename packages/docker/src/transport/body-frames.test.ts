import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyFrames } from "./body-frames.ts";

/** What a body holds that comes in pieces of so many bytes, and whether it may end there. */
function read(headers: Readonly<Record<string, string>>, text: string, pieceBytes = text.length || 1) {
  const frames = bodyFrames((name) => headers[name]);
  const bytes = Buffer.from(text, "latin1");
  let body = "";
  for (let at = 0; at < bytes.byteLength; at += pieceBytes)
    for (const piece of frames.push(bytes.subarray(at, at + pieceBytes))) body += piece.toString("latin1");
  return { body, isOver: frames.isOver, mayEnd: frames.mayEnd };
}

const chunked = { "transfer-encoding": "chunked" };
const toChunks = (texts: readonly string[]) =>
  [...texts, ""].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join("");

describe("a body in chunks", () => {
  test("is what the chunks hold, however they arrive", () => {
    const texts = fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 30 }), (pieces, pieceBytes) => {
        const end = { isOver: true, mayEnd: true };
        expect(read(chunked, toChunks(pieces), pieceBytes)).toEqual({ body: pieces.join(""), ...end });
      }),
    );
  });

  test("may have extensions and a trailer, and is over behind them", () => {
    const text = "3;name=value\r\none\r\n0\r\nDate: today\r\n\r\nnot of it";
    for (const pieceBytes of [1, 5, 100])
      expect(read(chunked, text, pieceBytes)).toMatchObject({ body: "one", isOver: true });
  });

  test("that ends anywhere before its end is not whole", () => {
    const text = toChunks(["one", "two"]);
    for (let length = 0; length < text.length; length++)
      expect(read(chunked, text.slice(0, length)), text.slice(0, length)).toMatchObject({
        isOver: false,
        mayEnd: false,
      });
  });

  test.each(["one\r\n", "-1\r\n", "3\r\nonetwo\r\n", "fffffffff\r\n", "x".repeat(9000), "\r\n"])(
    "is none: %j",
    (text) => {
      expect(() => read(chunked, text)).toThrowError(expect.objectContaining({ code: "internal" }) as Error);
    },
  );
});

test("a body with a length is over at its length", () => {
  expect(read({ "content-length": "3" }, "onetwo", 2)).toEqual({ body: "one", isOver: true, mayEnd: true });
  expect(read({ "content-length": "3" }, "on")).toEqual({ body: "on", isOver: false, mayEnd: false });
  expect(read({ "content-length": "0" }, "")).toEqual({ body: "", isOver: true, mayEnd: true });
});

test("a body that says nothing of its end is over with the connection", () => {
  expect(read({}, "onetwo", 2)).toEqual({ body: "onetwo", isOver: false, mayEnd: true });
});
