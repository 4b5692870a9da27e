import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJsonLines } from "./json-lines.ts";

async function* from(chunks: Iterable<Uint8Array>): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function read(chunks: Iterable<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readJsonLines(from(chunks))) values.push(value);
  return values;
}

describe("lines of JSON", () => {
  test("are the same however the stream is cut", async () => {
    const values = fc.array(fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(
        values,
        fc.constantFrom("\n", "\r\n", "\n\n"),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        async (sent, separator, ended, size) => {
          const text = sent.map((value) => JSON.stringify(value)).join(separator) + (ended ? separator : "");
          const bytes = Buffer.from(text);
          const chunks = Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, index) =>
            bytes.subarray(index * size, (index + 1) * size),
          );
          expect(await read(chunks)).toEqual(sent.map((value) => JSON.parse(JSON.stringify(value)) as unknown));
        },
      ),
    );
  });

  test("arrive as soon as they are complete", async () => {
    const lines = readJsonLines(from([Buffer.from('{"a":1}\n{"b"'), Buffer.from(":2}\n")]));
    expect(await lines.next()).toEqual({ done: false, value: { a: 1 } });
    await lines.return(undefined);
  });

  test("are refused when one is not JSON", async () => {
    await expect(read([Buffer.from('{"a":1}\n<html>\n')])).rejects.toMatchObject({ code: "internal" });
    await expect(read([Buffer.from('{"a":')])).rejects.toMatchObject({ code: "internal" });
  });

  test("are refused when one is too long, before all of it is kept", async () => {
    let sent = 0;
    const endless = function* () {
      for (; sent < 100; sent++) yield Buffer.alloc(1024 * 1024, "x");
    };
    await expect(read(endless())).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("4 MiB") as string,
    });
    expect(sent).toBeLessThan(10);
  });

  test("end with the error of the source", async () => {
    const broken = async function* () {
      yield Buffer.from("1\n");
      throw new TypeError("cut");
    };
    const lines = readJsonLines(broken());
    expect((await lines.next()).value).toBe(1);
    await expect(lines.next()).rejects.toThrow("cut");
  });
});
