import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { type Bench, readLog, whileRunning } from "./setup.ts";

const logs = [
  { stream: "stdout", text: "one" },
  { stream: "stdout", text: "two" },
  { stream: "stdout", text: "three" },
] as const;

/** A container that has written what it writes. */
async function makeWriter(bench: Bench, engine: Engine): Promise<string> {
  const id = await bench.makeContainer({ logs });
  await expect.poll(() => readLog(engine, id), { timeout: 10_000 }).toMatchObject({ all: "one\ntwo\nthree\n" });
  return id;
}

export function describeLogs(bench: Bench): void {
  describe("logs", () => {
    test("tell both streams apart, each in the order it was written", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer({
        logs: [...logs, { stream: "stderr", text: "oops" }, { stream: "stderr", text: "again" }],
      });
      await expect
        .poll(() => readLog(engine, id), { timeout: 10_000 })
        .toMatchObject({ stdout: "one\ntwo\nthree\n", stderr: "oops\nagain\n" });
    });

    test("of a container that writes nothing are empty", async () => {
      const engine = await bench.connect();
      expect(await readLog(engine, await bench.makeContainer())).toMatchObject({ all: "" });
    });

    test.each([
      [0, ""],
      [1, "three\n"],
      [2, "two\nthree\n"],
      [1_000_000_000, "one\ntwo\nthree\n"],
    ])("with a tail of %i are the last lines", async (tail, expected) => {
      const engine = await bench.connect();
      expect(await readLog(engine, await makeWriter(bench, engine), { tail })).toMatchObject({ all: expected });
    });

    test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("with a tail of %d are refused", async (tail) => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await expect(readLog(engine, id, { tail })).rejects.toMatchObject({ code: "invalid_argument" });
    });

    test("outlive the end of the container", async () => {
      const engine = await bench.connect();
      const id = await makeWriter(bench, engine);
      await engine.containers.stop(id);
      expect(await readLog(engine, id)).toMatchObject({ stdout: "one\ntwo\nthree\n" });
    });

    test("of an attached job are not kept, and the hint says where its output is", async () => {
      const engine = await bench.connect();
      const { seen } = await whileRunning(engine, {}, async () => {
        const [container] = await engine.containers.list({ managed: true });
        return await readLog(engine, container?.id ?? "").catch((error: unknown) => error);
      });
      expect(seen).toMatchObject({ code: "unsupported", hint: expect.stringContaining("result") });
    });

    test("that are being read are cancelled by the signal", async () => {
      const engine = await bench.connect();
      const id = await makeWriter(bench, engine);
      const stop = new AbortController();
      const chunks = engine.containers.logs(id, { signal: stop.signal })[Symbol.asyncIterator]();
      expect(await chunks.next()).toMatchObject({ done: false });
      stop.abort();
      await expect(chunks.next()).rejects.toMatchObject({ code: "cancelled" });
      expect(await chunks.next()).toMatchObject({ done: true });
    });

    test("need not be read to the end", async () => {
      const engine = await bench.connect();
      const id = await makeWriter(bench, engine);
      for await (const { data } of engine.containers.logs(id)) {
        expect(Buffer.from(data).toString()).toBe("one\n");
        break;
      }
      await expect(engine.containers.get(id)).resolves.toMatchObject({ state: "running" });
    });
  });
}
