import { randomBytes } from "node:crypto";
import { createSigner, type OutputChunk, shiftTime } from "@cos/core";
import { addContainer, createMemoryEngine, createMemoryHost, type MemoryLine, writeLog } from "@cos/core/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Call } from "../perform.ts";
import { openBench } from "../testing/bench.ts";

interface Answer {
  readonly output: string;
  readonly lines: number;
  readonly cutBytes: number;
  readonly more: boolean;
  readonly cursor?: string;
}

/** A bench with one container that has written these lines. */
function openWith(logs: readonly MemoryLine[], state: "running" | "exited" = "running") {
  const host = createMemoryHost();
  const id = addContainer(host, { name: "web", logs, state });
  const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: {}, host });
  const bench = openBench({ engine });
  const perform = (input: object = {}, more: Partial<Call> = {}) =>
    bench.perform("container_logs", { container: "web", ...input }, more);
  return {
    id,
    host,
    engine,
    bench,
    perform,
    write: (...lines: readonly MemoryLine[]) => writeLog(host, id, ...lines),
    read: async (input: object = {}): Promise<Answer> => {
      const outcome = await perform(input);
      if (outcome.status !== "done") throw new Error(outcome.status);
      return outcome.result as Answer;
    },
  };
}

/** Collects what is passed on live, with its streams. */
function collect() {
  const seen: string[] = [];
  return {
    seen,
    output: ({ stream, data }: OutputChunk) => void seen.push(`${stream}: ${Buffer.from(data).toString()}`),
  };
}

const start = "2026-11-25T09:00:00.000000000Z";
/** So many lines, a second apart. */
const secondsApart = (count: number, text = (index: number) => `line ${index}`): MemoryLine[] =>
  Array.from({ length: count }, (_, index) => ({
    stream: index % 3 === 2 ? "stderr" : "stdout",
    text: text(index),
    time: shiftTime(start, index),
  }));

describe("the lines of a log", () => {
  const logs: readonly MemoryLine[] = [
    { stream: "stdout", text: "one" },
    { stream: "stderr", text: "two" },
    { stream: "stdout", text: "three" },
  ];

  test("are the last ones of both streams in their order", async () => {
    const { id, perform } = openWith(logs);
    expect(await perform()).toMatchObject({
      result: { containerId: id, name: "web", output: "one\ntwo\nthree\n", lines: 3, cutBytes: 0, more: false },
      text: expect.stringMatching(/^one\ntwo\nthree\n\[later lines: ask again with cursor="[\w-]+"\]$/),
    });
    expect(await perform({ tail: 1 })).toMatchObject({ text: expect.stringMatching(/^three\n/), result: { lines: 1 } });
    const { read } = openWith(secondsApart(500));
    const { output, lines } = await read();
    expect([lines, output.startsWith("line 400\n"), output.endsWith("line 499\n")]).toEqual([100, true, true]);
  });

  test("may be none", async () => {
    expect(await openWith([]).perform()).toMatchObject({
      text: expect.stringMatching(/^No lines\./),
      result: { output: "", lines: 0 },
    });
  });

  test("are chosen by their time, its ends included", async () => {
    const { read } = openWith(secondsApart(10));
    const [since, until] = [shiftTime(start, 3), shiftTime(start, 5)];
    expect(await read({ since, until })).toMatchObject({ output: "line 3\nline 4\nline 5\n", more: false });
    expect(await read({ since: shiftTime(since, 0, 1), until })).toMatchObject({ output: "line 4\nline 5\n" });
    expect(await read({ until, tail: 2 })).toMatchObject({ output: "line 4\nline 5\n" });
    expect(await read({ since, tail: 2 })).toMatchObject({ output: "line 8\nline 9\n" });
    expect(await read({ since: "1s" })).toMatchObject({ output: "" });
  });

  test("are chosen by their stream, and those counted that are shown", async () => {
    const { read } = openWith(secondsApart(9));
    expect(await read({ stream: "stderr" })).toMatchObject({ output: "line 2\nline 5\nline 8\n" });
    expect(await read({ stream: "stderr", tail: 1 })).toMatchObject({ output: "line 8\n", lines: 1 });
  });

  test("are chosen by a pattern, and those counted that match", async () => {
    const { read } = openWith(secondsApart(500, (index) => `GET /${index} ${index % 100 === 7 ? "Error" : "ok"}`));
    expect(await read({ grep: "Error", tail: 2 })).toMatchObject({ output: "GET /307 Error\nGET /407 Error\n" });
    expect(await read({ grep: "^get /1\\d\\d ERROR$", ignoreCase: true })).toMatchObject({
      output: "GET /107 Error\n",
    });
    expect(await read({ grep: "error" })).toMatchObject({ output: "", lines: 0 });
  });

  test("can have their times", async () => {
    const { read } = openWith(secondsApart(2));
    expect((await read({ timestamps: true })).output).toBe(`${start} line 0\n${shiftTime(start, 1)} line 1\n`);
  });

  test("that are not over are not ended, unless others are left out", async () => {
    const { read } = openWith([
      { stream: "stdout", text: "half ", ended: false },
      { stream: "stderr", text: "oops" },
      { stream: "stdout", text: "other half", ended: false },
    ]);
    expect(await read()).toMatchObject({ output: "half oops\nother half", lines: 3 });
    expect(await read({ stream: "stdout" })).toMatchObject({ output: "half \nother half\n" });
  });
});

describe("more than fits", () => {
  const logs = secondsApart(100, (index) => `${index} `.padEnd(99, "x"));

  test("is left out in front of the newest lines, and counted", async () => {
    const { perform } = openWith(logs);
    const outcome = await perform({ limitBytes: 1024, tail: 50 });
    expect(outcome).toMatchObject({
      result: { lines: 10, cutBytes: 40 * 100, more: false, output: expect.stringMatching(/^90 x/) as string },
      text: expect.stringContaining("[cos left out 4000 bytes") as string,
    });
  });

  test("is the next page behind the oldest lines since a time", async () => {
    const { perform } = openWith(logs);
    const outcome = await perform({ limitBytes: 1024, since: shiftTime(start, 20) });
    expect(outcome).toMatchObject({
      result: { lines: 10, cutBytes: 0, more: true, output: expect.stringMatching(/^20 x/) as string },
      text: expect.stringMatching(/\[more lines: ask again with cursor="[\w-]+"\]$/) as string,
    });
  });

  test("of one line is cut off, and counted", async () => {
    const { read } = openWith([
      { stream: "stdout", text: "y".repeat(5_000_000) },
      { stream: "stdout", text: "end" },
    ]);
    const { output, cutBytes, more, cursor } = await read({ since: start.slice(0, 10), limitBytes: 1024 });
    expect([output.startsWith("yyyy"), cutBytes, more]).toEqual([true, 5_000_000 - 1024, true]);
    expect(output).toContain("[cos cut 4998976 bytes here]\n");
    expect(await read({ cursor, limitBytes: 1024 })).toMatchObject({ output: "end\n", more: false });
  });

  test("of every kind of byte is bounded", async () => {
    const text = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => (index % 250) + 11)).toString("latin1");
    const { output } = await openWith([{ stream: "stdout", text }]).read({ limitBytes: 4096 });
    expect(Buffer.byteLength(output)).toBeLessThan(3 * 4096);
  });
});

describe("a cursor", () => {
  test("goes on behind the last line, now and when more was written", async () => {
    const { read, write } = openWith(secondsApart(3));
    const first = await read();
    expect(await read({ cursor: first.cursor })).toMatchObject({ output: "", more: false });
    write({ stream: "stdout", text: "new", time: shiftTime(start, 2) }, { stream: "stdout", text: "newer" });
    const second = await read({ cursor: first.cursor });
    expect(second).toMatchObject({ output: "new\nnewer\n" });
    expect(await read({ cursor: second.cursor })).toMatchObject({ output: "" });
  });

  test("of an empty log leads to its first line", async () => {
    const { read, write } = openWith([]);
    const { cursor } = await read();
    write(...secondsApart(2));
    expect(await read({ cursor })).toMatchObject({ output: "line 0\nline 1\n" });
  });

  test("counts lines that are not shown", async () => {
    const { read, write } = openWith(secondsApart(30));
    const { cursor } = await read({ grep: "7$", tail: 1 });
    write({ stream: "stdout", text: "line 37" });
    expect(await read({ cursor, grep: "7$" })).toMatchObject({ output: "line 37\n" });
  });

  test("knows where it is among any number of lines of the same moment", async () => {
    const { read } = openWith(
      Array.from({ length: 3000 }, (_, at) => ({ stream: "stdout", text: `${at}`, time: start })),
    );
    const { cursor, output } = await read({ tail: 10 });
    expect(output.split("\n")[0]).toBe("2990");
    expect(await read({ cursor })).toMatchObject({ output: "" });
  });

  test("comes back to a long line whose rest is kept with the time of its beginning", async () => {
    const late = shiftTime(start, 30);
    const { read, write } = openWith([
      { stream: "stdout", text: "long ", time: start, ended: false },
      { stream: "stderr", text: "meanwhile", time: late },
    ]);
    const { output, cursor } = await read();
    expect(output).toBe("long meanwhile\n");
    write({ stream: "stdout", text: "line", time: start }, { stream: "stderr", text: "later", time: late });
    expect(await read({ cursor })).toMatchObject({ output: "line\nlater\n" });
  });

  test("does not take later lines for those that were rotated away", async () => {
    const { id, host, read } = openWith(
      secondsApart(10, (index) => `${index}`).map((line) => ({ ...line, time: start })),
    );
    const { cursor } = await read({ tail: 5 });
    const container = host.containers.get(id);
    if (container === undefined) throw new Error("it is gone");
    host.containers.set(id, { ...container, log: [{ stream: "stdout", text: "later", time: shiftTime(start, 1) }] });
    expect(await read({ cursor })).toMatchObject({ output: "later\n" });
  });

  test.each(["", "x", "bm90IG9uZQ", Buffer.from(`${"0".repeat(12)} ${start} 1 ${start}`).toString("base64url")])(
    "that is none, or of another container, is refused: %j",
    async (cursor) => {
      await expect(openWith([]).perform({ cursor })).rejects.toMatchObject({ code: "invalid_argument" });
    },
  );

  test("turns pages that are together the whole log, however it is written and while it grows", async () => {
    const entry = fc.record({
      stream: fc.constantFrom("stdout" as const, "stderr" as const),
      text: fc.string({ unit: fc.constantFrom("a", "é", "b", " "), maxLength: 700 }),
      ended: fc.boolean(),
      // How long after the one before it an entry is written, in nanoseconds; writers of two streams may overtake.
      after: fc.oneof(fc.constant(0), fc.integer({ min: -400_000_000, max: 2_000_000_000 })),
    });
    const logs = fc.array(entry, { maxLength: 40 }).map((entries) => {
      let [now, time] = [start, start];
      const lastOf = { stdout: start, stderr: start };
      return entries.map(({ after, ...line }): MemoryLine => {
        if (after > 0) now = shiftTime(now, 0, after);
        time = after < 0 ? shiftTime(now, 0, after) : now;
        // One stream's times go forward.
        if (time < lastOf[line.stream]) time = lastOf[line.stream];
        lastOf[line.stream] = time;
        return { ...line, time };
      });
    });
    const textOf = (lines: readonly MemoryLine[]) =>
      lines.map(({ text, ended }) => `${text}${ended === false ? "" : "\n"}`).join("");
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(40), fc.constantFrom(1024, 2048, 65_536), async (lines, written, limitBytes) => {
        const { read, write } = openWith(lines.slice(0, written));
        const later = lines.slice(written);
        let answer = await read({ since: "2026-11-25", limitBytes });
        let pages = answer.output;
        for (let page = 0; answer.more || later.length > 0; page++) {
          write(...later.splice(0, 1 + (page % 3)));
          answer = await read({ cursor: answer.cursor, limitBytes });
          expect(Buffer.byteLength(answer.output)).toBeLessThanOrEqual(Math.max(limitBytes, 1500));
          pages += answer.output;
        }
        expect(pages).toBe(textOf(lines));
      }),
      { numRuns: 200 },
    );
  });
});

describe("output that is seen live", () => {
  test("is passed on as it is", async () => {
    const { perform } = openWith([
      { stream: "stdout", text: "one" },
      { stream: "stderr", text: "two" },
    ]);
    const { seen, output } = collect();
    const outcome = await perform({}, { output });
    expect(seen).toEqual(["stdout: one\n", "stderr: two\n"]);
    expect(outcome).toMatchObject({ result: { output: "", lines: 0 } });
  });

  test.each([
    [{ grep: "line [37]" }, ["stdout: line 3\n", "stdout: line 7\n"]],
    [{ stream: "stderr", tail: 2 }, ["stderr: line 5\n", "stderr: line 8\n"]],
    [{ since: shiftTime(start, 8) }, ["stderr: line 8\n", "stdout: line 9\n"]],
    [{ since: shiftTime(start, 8), grep: "9" }, ["stdout: line 9\n"]],
    [{ until: shiftTime(start, 1) }, ["stdout: line 0\n", "stdout: line 1\n"]],
    [{ tail: 1, timestamps: true }, [`stdout: ${shiftTime(start, 9)} line 9\n`]],
  ])("is chosen by %j", async (input, expected) => {
    const { seen, output } = collect();
    await openWith(secondsApart(10)).perform(input, { output });
    expect(seen).toEqual(expected);
  });

  test("can be followed until the container ends", async () => {
    const { id, engine, perform, write } = openWith(secondsApart(5));
    const { seen, output } = collect();
    const following = perform({ follow: true, tail: 2, grep: "line" }, { output });
    await expect.poll(() => seen.length).toBe(2);
    write(
      { stream: "stdout", text: "line 5" },
      { stream: "stdout", text: "another" },
      { stream: "stderr", text: "line 6" },
    );
    await expect.poll(() => seen.length).toBe(4);
    await engine.containers.stop(id);
    expect(await following).toMatchObject({ status: "done" });
    expect(seen).toEqual(["stdout: line 3\n", "stdout: line 4\n", "stdout: line 5\n", "stderr: line 6\n"]);
  });

  test("that is followed ends with the signal", async () => {
    const stop = new AbortController();
    const { seen, output } = collect();
    const following = openWith(secondsApart(1)).perform({ follow: true }, { output, signal: stop.signal });
    await expect.poll(() => seen.length).toBe(1);
    stop.abort();
    await expect(following).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a call that makes no sense", () => {
  test.each([
    ["follows where nobody sees output", { follow: true }],
    ["gives a cursor and a time", { cursor: "x", since: "15m" }],
    ["gives a cursor and a count", { cursor: "x", tail: 5 }],
    ["leaves case aside of nothing", { ignoreCase: true }],
    ["has a pattern that is none", { grep: "(" }],
    ["has a time that is none", { since: "yesterday" }],
    ["has a limit of nothing", { limitBytes: 0 }],
    ["has a limit without end", { limitBytes: 2 ** 21 }],
  ])("is refused when it %s", async (_what, input) => {
    await expect(openWith([]).perform(input)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("says what to do instead of following", async () => {
    const failure = openWith([]).perform({ follow: true });
    await expect(failure).rejects.toMatchObject({ hint: expect.stringContaining("container_wait") as string });
  });
});
