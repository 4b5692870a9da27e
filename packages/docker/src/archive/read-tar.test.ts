import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packTar } from "../tar/pack.ts";
import { tarEnd, tarPadding, toTarHeader } from "../tar/tar-header.ts";
import { readTar } from "./read-tar.ts";

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

async function readAll(bytes: Buffer, chunkSize = 65_536): Promise<[name: string, content: string][]> {
  const read: [string, string][] = [];
  for await (const { header, content } of readTar(inChunks(bytes, chunkSize))) {
    read.push([header.name, (await gather(content)).toString("latin1")]);
  }
  return read;
}

const fileOf = (path: string, content: Buffer) => ({
  path,
  type: "file" as const,
  size: content.byteLength,
  content: [content],
});
const someName = fc.stringMatching(/^[a-zA-Z0-9ü日._ -]{1,120}$/).filter((name) => !/^\.{1,2}$/.test(name));
const someFiles = fc.array(fc.tuple(someName, fc.uint8Array({ maxLength: 3000 })), { maxLength: 8 });

describe("an archive that is read", () => {
  test("has what was packed, however it arrives", async () => {
    await fc.assert(
      fc.asyncProperty(someFiles, fc.integer({ min: 1, max: 2000 }), async (files, chunkSize) => {
        const entries = files.map(([path, content]) => fileOf(path, Buffer.from(content)));
        const packed = await gather(packTar(entries));
        expect(await readAll(packed, chunkSize)).toEqual(
          files.map(([path, content]) => [path, Buffer.from(content).toString("latin1")]),
        );
      }),
      { numRuns: 60 },
    );
  });

  test("is refused as damaged, or read, but never hangs, when bytes of it are changed", async () => {
    const packed = await gather(packTar([fileOf("a", Buffer.alloc(700, 1)), fileOf("b".repeat(300), Buffer.alloc(3))]));
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.byteLength - 1), fc.nat(255), async (at, value) => {
        const changed = Buffer.from(packed);
        changed[at] = value;
        await readAll(changed).catch((error: unknown) => expect(error).toMatchObject({ code: "unavailable" }));
      }),
      { numRuns: 300 },
    );
  });

  test("is refused when it breaks off within an entry", async () => {
    const packed = await gather(packTar([fileOf("a", Buffer.alloc(700, 1))]));
    for (const bytes of [1, 511, 513, 1000, 1211]) {
      await expect(readAll(packed.subarray(0, bytes))).rejects.toMatchObject({ code: "unavailable" });
    }
  });

  test("is refused when it is anything at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 512, maxLength: 4096 }), async (bytes) => {
        fc.pre(bytes.slice(0, 512).some((byte) => byte !== 0));
        await expect(readAll(Buffer.from(bytes))).rejects.toMatchObject({ code: "unavailable" });
      }),
      { numRuns: 50 },
    );
  });

  test("is refused when its headers are endless", async () => {
    const long = toTarHeader({ path: "x", type: "file", mode: 0o644, size: 2 ** 31 });
    long.write("L", 156, "latin1");
    let sum = 0;
    long.fill(" ", 148, 156);
    for (const byte of long) sum += byte;
    long.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    let sent = 0;
    async function* endless() {
      yield long;
      for (;;) {
        sent += 65_536;
        yield Buffer.alloc(65_536, "a");
      }
    }
    await expect(async () => {
      for await (const _entry of readTar(endless()));
    }).rejects.toMatchObject({ code: "unavailable" });
    expect(sent).toBeLessThan(8 * 1024 * 1024);
  });

  test("passes on what its source throws, before, in and after an entry", async () => {
    const packed = await gather(packTar([fileOf("a", Buffer.alloc(200_000, 1))]));
    for (const bytes of [0, 100_000, 200_704]) {
      async function* breaking() {
        yield packed.subarray(0, bytes);
        throw new RangeError("gone");
      }
      const failure = await (async () => {
        for await (const { content } of readTar(breaking())) await gather(content);
      })().catch((error: unknown) => error);
      expect(failure, `after ${bytes}`).toMatchObject({ code: "unavailable", cause: expect.any(RangeError) });
    }
  });

  test("is not read further than it is asked for", async () => {
    let made = 0;
    const block = Buffer.alloc(1024 * 1024);
    async function* big() {
      yield toTarHeader({ path: "big", type: "file", mode: 0o644, size: 500 * block.byteLength });
      for (let count = 0; count < 500; count++) {
        made++;
        yield block;
      }
      yield Buffer.concat([tarPadding(0), tarEnd]);
    }
    for await (const { content } of readTar(big())) {
      for await (const _piece of content) break;
      expect(made).toBeLessThan(5);
      break;
    }
    expect(made).toBeLessThan(5);
  });
});
