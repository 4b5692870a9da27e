import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { isExactTime } from "../../exact-time.ts";
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

/** The entries of a log, with their times. */
async function readEntries(engine: Engine, id: string) {
  const entries: { time: string; entry: number | undefined; text: string }[] = [];
  for await (const { time = "", entry, data } of engine.containers.logs(id, { timestamps: true }))
    entries.push({ time, entry, text: Buffer.from(data).toString() });
  return entries;
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

    test("come with their times, each entry with its own", async () => {
      const engine = await bench.connect();
      const before = Date.now();
      const entries = await readEntries(engine, await makeWriter(bench, engine));
      expect(entries.map(({ text }) => text)).toEqual(["one\n", "two\n", "three\n"]);
      expect(entries.map(({ entry }) => entry)).toEqual([0, 1, 2]);
      for (const { time } of entries) {
        expect(isExactTime(time)).toBe(true);
        expect(Math.abs(Date.parse(time) - before)).toBeLessThan(60_000);
      }
    });

    test("since and until a time hold what was written at that time", async () => {
      const engine = await bench.connect();
      const id = await makeWriter(bench, engine);
      const all = await readEntries(engine, id);
      const textOf = (entries: typeof all) => entries.map(({ text }) => text).join("");
      for (const { time } of all) {
        const [late, early] = [all.filter((entry) => entry.time >= time), all.filter((entry) => entry.time <= time)];
        expect(await readLog(engine, id, { since: time })).toMatchObject({ all: textOf(late) });
        expect(await readLog(engine, id, { until: time })).toMatchObject({ all: textOf(early) });
        const both = textOf(late.filter((entry) => entry.time <= time));
        expect(await readLog(engine, id, { since: time, until: time, timestamps: true })).toMatchObject({ all: both });
      }
      const [before, after] = [new Date(0), new Date(Date.now() + 3_600_000)];
      expect(await readLog(engine, id, { since: before, until: after })).toMatchObject({ all: textOf(all) });
      expect(await readLog(engine, id, { since: after })).toMatchObject({ all: "" });
      expect(await readLog(engine, id, { until: before })).toMatchObject({ all: "" });
    });

    test("of one stream leave out the other", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer({ logs: [...logs, { stream: "stderr", text: "oops" }] });
      await expect.poll(() => readLog(engine, id), { timeout: 10_000 }).toMatchObject({ stderr: "oops\n" });
      expect(await readLog(engine, id, { stream: "stderr" })).toMatchObject({ all: "oops\n", stdout: "" });
      await expect
        .poll(() => readLog(engine, id, { stream: "stdout" }), { timeout: 10_000 })
        .toMatchObject({ all: "one\ntwo\nthree\n", stderr: "" });
    });

    test("that are followed go on until the container ends", async () => {
      const engine = await bench.connect();
      const id = await makeWriter(bench, engine);
      const { signal } = new AbortController();
      const chunks = engine.containers.logs(id, { follow: true, timestamps: true, signal })[Symbol.asyncIterator]();
      const seen: string[] = [];
      for (let count = 0; count < 3; count++) seen.push(String((await chunks.next()).value?.time));
      const end = chunks.next();
      await engine.containers.stop(id);
      expect(await end).toMatchObject({ done: true });
      expect(seen).toEqual((await readEntries(engine, id)).map(({ time }) => time));
    });

    test("that are followed end at once when the container has ended", async () => {
      const engine = await bench.connect();
      const id = await makeWriter(bench, engine);
      await engine.containers.stop(id);
      const { signal } = new AbortController();
      expect(await readLog(engine, id, { follow: true, tail: 1, signal })).toMatchObject({ all: "three\n" });
    });

    test("that are followed are cancelled by the signal", async () => {
      const engine = await bench.connect();
      const id = await makeWriter(bench, engine);
      const stop = new AbortController();
      const chunks = engine.containers.logs(id, { follow: true, tail: 1, signal: stop.signal })[Symbol.asyncIterator]();
      await chunks.next();
      const next = chunks.next();
      stop.abort();
      await expect(next).rejects.toMatchObject({ code: "cancelled" });
    });

    test("that would be followed without end, or until a time, are refused", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      const { signal } = new AbortController();
      for (const options of [
        { follow: true },
        { follow: true, until: new Date(), signal },
        { tail: 1, until: new Date() },
      ])
        await expect(readLog(engine, id, options)).rejects.toMatchObject({ code: "invalid_argument" });
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
