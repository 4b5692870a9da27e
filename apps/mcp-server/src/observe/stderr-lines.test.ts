import { describe, expect, test } from "vitest";
import { openStderrLines } from "./stderr-lines.ts";

/** A place for bytes, of which it takes so many and then none until there is more room. */
function makePipe(room: number) {
  let taken = "";
  let left = room;
  return {
    read(roomFromNow = room) {
      const all = taken;
      [taken, left] = ["", roomFromNow];
      return all;
    },
    write: (bytes: Uint8Array) => {
      if (left === 0) throw Object.assign(new Error("try again"), { code: "EAGAIN" });
      const some = bytes.subarray(0, left);
      left -= some.length;
      taken += Buffer.from(some).toString();
      return some.length;
    },
  };
}

describe("lines to standard error", () => {
  test("are there when the function returns, however few bytes are taken at a time", () => {
    let taken = "";
    const lines = openStderrLines((bytes) => {
      taken += String.fromCharCode(bytes[0] ?? 0);
      return 1;
    });
    lines.write("one\n");
    expect(taken).toBe("one\n");
  });

  test("that nobody takes are given up, and counted where the next one is", () => {
    const pipe = makePipe(10);
    const lines = openStderrLines(pipe.write);
    lines.write("one\n");
    for (const text of ["two, too long\n", "three\n", "four\n"]) lines.write(text);
    expect(pipe.read(1000)).toBe("one\ntwo, t");
    lines.write("five\n");
    lines.write("six\n");
    expect(pipe.read()).toBe("\n(3 lines are missing: nobody took them)\nfive\nsix\n");
  });

  test("that nobody takes hold the process up once, and not for each line", () => {
    const pipe = makePipe(0);
    const lines = openStderrLines(pipe.write);
    lines.write("first\n");
    const begun = performance.now();
    for (let line = 0; line < 1000; line += 1) lines.write("more\n");
    expect(performance.now() - begun).toBeLessThan(100);
  });

  test("are no failure when standard error is closed", () => {
    const lines = openStderrLines(() => {
      throw Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    });
    expect(() => lines.write("one\n")).not.toThrow();
  });
});
