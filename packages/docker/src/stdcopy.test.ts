import type { OutputChunk } from "@cos/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StdcopyDemuxer } from "./stdcopy.ts";

interface Frame {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

const frames = fc.array(
  fc.record({ stream: fc.constantFrom("stdout" as const, "stderr" as const), data: fc.uint8Array({ maxLength: 40 }) }),
);
const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 17 }));

function header(stream: number, length: number, padding = 0): Buffer {
  const bytes = Buffer.from([stream, padding, 0, 0, 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 4);
  return bytes;
}

function encode(written: readonly Frame[]): Buffer {
  return Buffer.concat(
    written.flatMap(({ stream, data }) => [header(stream === "stdout" ? 1 : 2, data.byteLength), data]),
  );
}

function* pieces(bytes: Buffer, sizes: Iterator<number>): Generator<Buffer> {
  for (let at = 0; at < bytes.byteLength;) {
    const size = Number(sizes.next().value ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function collect() {
  const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const onData = ({ stream, data }: OutputChunk) => void collected[stream].push(Buffer.from(data));
  return { onData, of: (stream: "stdout" | "stderr") => Buffer.concat(collected[stream]) };
}

function expected(written: readonly Frame[], stream: "stdout" | "stderr"): Buffer {
  return Buffer.concat(written.filter((frame) => frame.stream === stream).map(({ data }) => data));
}

describe("the output of a container", () => {
  test("is the same however the stream is cut", () => {
    fc.assert(
      fc.property(frames, cuts, (written, sizes) => {
        const output = collect();
        const demuxer = new StdcopyDemuxer(output.onData);
        for (const piece of pieces(encode(written), sizes)) expect(demuxer.push(piece)).toBeUndefined();
        expect(demuxer.atBoundary).toBe(true);
        expect(output.of("stdout")).toEqual(expected(written, "stdout"));
        expect(output.of("stderr")).toEqual(expected(written, "stderr"));
      }),
    );
  });

  test("is incomplete exactly when the stream ends inside a frame", () => {
    fc.assert(
      fc.property(frames, fc.nat(), (written, where) => {
        const bytes = encode(written);
        const end = where % (bytes.byteLength + 1);
        const boundaries = written.map((_, index) => encode(written.slice(0, index + 1)).byteLength);
        const demuxer = new StdcopyDemuxer(() => undefined);
        void demuxer.push(bytes.subarray(0, end));
        expect(demuxer.atBoundary).toBe([0, ...boundaries].includes(end));
      }),
    );
  });

  test("keeps characters whose bytes lie in different frames", () => {
    const text = "grüße 🌍 日本";
    const written = [...Buffer.from(text)].map((byte): Frame => ({ stream: "stdout", data: Uint8Array.of(byte) }));
    const output = collect();
    void new StdcopyDemuxer(output.onData).push(encode(written));
    expect(output.of("stdout").toString("utf8")).toBe(text);
  });

  test("has what the engine itself reports among its errors", () => {
    const output = collect();
    void new StdcopyDemuxer(output.onData).push(Buffer.concat([header(3, 4), Buffer.from("oops")]));
    expect(output.of("stderr").toString()).toBe("oops");
  });

  test.each<[string, Buffer]>([
    ["names no stream", header(4, 1)],
    ["has bytes where zeros belong", header(1, 1, 1)],
    ["announces more than 64 MiB", header(1, 64 * 1024 * 1024 + 1)],
    ["is text", Buffer.from("hello, world")],
  ])("is refused when a header %s, also in single bytes", (_what, bytes) => {
    expect(() => new StdcopyDemuxer(() => undefined).push(bytes)).toThrow(
      expect.objectContaining({ code: "internal" }),
    );
    const demuxer = new StdcopyDemuxer(() => undefined);
    expect(() => bytes.forEach((byte) => void demuxer.push(Buffer.of(byte)))).toThrow(
      expect.objectContaining({ code: "internal" }),
    );
  });

  test("accepts any bytes without failing in another way", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          void new StdcopyDemuxer(() => undefined).push(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ code: "internal" });
        }
      }),
    );
  });
});

describe("a consumer that needs time", () => {
  test("gets one piece at a time, in order, and the writer waits for it", async () => {
    await fc.assert(
      fc.asyncProperty(frames, cuts, async (written, sizes) => {
        const output = collect();
        let busy = 0;
        const demuxer = new StdcopyDemuxer(async (chunk) => {
          expect(++busy).toBe(1);
          await Promise.resolve();
          output.onData(chunk);
          busy--;
        });
        for (const piece of pieces(encode(written), sizes)) await demuxer.push(piece);
        expect(output.of("stdout")).toEqual(expected(written, "stdout"));
        expect(output.of("stderr")).toEqual(expected(written, "stderr"));
      }),
      { numRuns: 50 },
    );
  });

  test("fails the writer when it fails", async () => {
    const demuxer = new StdcopyDemuxer(() => Promise.reject(new TypeError("the disk is full")));
    await expect(demuxer.push(Buffer.concat([header(1, 1), Buffer.from("x")]))).rejects.toThrow("the disk is full");
  });
});

test("many small frames take time in proportion to their number", () => {
  const frame = Buffer.concat([header(1, 1), Buffer.from("x")]);
  const timeFor = (count: number) => {
    const bytes = Buffer.concat(Array.from({ length: count }, () => frame));
    const started = performance.now();
    let seen = 0;
    void new StdcopyDemuxer(() => void seen++).push(bytes);
    expect(seen).toBe(count);
    return performance.now() - started;
  };
  timeFor(20_000);
  // Quadratic work would take 100 times as long for 10 times as many.
  expect(timeFor(500_000)).toBeLessThan(40 * Math.max(timeFor(50_000), 2));
});
