import { spawnSync } from "node:child_process";
import fs, {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startProgram } from "./audit/testing/log-directory.ts";
import { withLock } from "./lock.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cos-lock-"));
  path = join(directory, "state.lock");
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(directory, { recursive: true, force: true });
});

const isLinux = process.platform === "linux";
/** As if the system said of every process that it has this state and started then, in the form of Linux's /proc. */
function pretendStatus(state: string, startTime: number): void {
  vi.spyOn(fs, "readFileSync").mockReturnValue(`1 (a) b) ${state} ${"0 ".repeat(18)}${startTime} 0`);
  syncBuiltinESMExports();
}

/** The text of the lock that this process makes. */
const own = () => withLock(join(directory, "own"), () => readlinkSync(join(directory, "own")));
const ownNamespace = () => own().split(":")[2] ?? "";
/** The id of a process that has ended. */
const gone = () => spawnSync("true").pid;

/** Makes 10 seconds pass at the second look at the clock, and notes how long it would have slept. */
function hurry(...times: number[]): number[] {
  const sleeps: number[] = [];
  const now = vi.spyOn(performance, "now").mockReturnValue(times.at(-1) ?? 0);
  for (const time of times) now.mockReturnValueOnce(time);
  vi.spyOn(Atomics, "wait").mockImplementation(
    (array: ArrayLike<unknown>, index: number, value: unknown, ms?: number) => {
      // Where the value is another, it would not wait.
      expect(array[index]).toBe(value);
      sleeps.push(ms ?? 0);
      return "timed-out";
    },
  );
  return sleeps;
}

describe("a lock", () => {
  test("is there while the body runs, names this process, and is gone afterwards", () => {
    const result = withLock(path, () => {
      const startTime = isLinux ? /\) (?:\S+ ){19}(\d+) /.exec(readFileSync("/proc/self/stat", "utf8"))?.[1] : "";
      const namespace = isLinux ? /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] : "";
      expect(readlinkSync(path)).toBe(`${process.pid}:${startTime}:${namespace}`);
      return "result";
    });
    expect(result).toBe("result");
    expect(readdirSync(directory)).toEqual([]);
  });

  test("is gone when the body throws, and what it throws arrives", () => {
    const error = new Error("from the body");
    expect(() =>
      withLock(path, () => {
        throw error;
      }),
    ).toThrow(error);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("that another has taken meanwhile is left to it", () => {
    withLock(path, () => {
      unlinkSync(path);
      symlinkSync("1:2:3", path);
    });
    expect(readlinkSync(path)).toBe("1:2:3");
  });

  test("that somebody has deleted meanwhile does no harm", () => {
    expect(withLock(path, () => unlinkSync(path))).toBeUndefined();
  });

  test("excludes other processes", { timeout: 60_000 }, async () => {
    const counter = join(directory, "counter");
    writeFileSync(counter, "0");
    const program = `
      import { readFileSync, writeFileSync } from "node:fs";
      const [path, counter] = args;
      for (let i = 0; i < 100; i++) {
        withLock(path, () => writeFileSync(counter, String(Number(readFileSync(counter, "utf8")) + 1)));
      }
    `;
    const all = await Promise.all([1, 2, 3, 4].map(() => startProgram(program, path, counter).ended));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(readFileSync(counter, "utf8")).toBe("400");
    expect(readdirSync(directory)).toEqual(["counter"]);
  });

  test("excludes others while its holders are killed one after the other", { timeout: 120_000 }, async () => {
    const counter = join(directory, "counter");
    writeFileSync(counter, "0");
    const program = `
      import { readFileSync, writeFileSync } from "node:fs";
      const [path, counter] = args;
      withLock(path, () => {
        const before = Number(readFileSync(counter, "utf8"));
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        writeFileSync(counter, String(before + 1));
        process.kill(process.pid, "SIGKILL");
      });
    `;
    const all = await Promise.all(Array.from({ length: 8 }, () => startProgram(program, path, counter).ended));
    expect(all.map(({ signal }) => signal)).toEqual(Array.from({ length: 8 }, () => "SIGKILL"));
    expect(readFileSync(counter, "utf8")).toBe("8");
    withLock(path, () => {});
    expect(readdirSync(directory)).toEqual(["counter"]);
  });
});

describe("the lock of a process", () => {
  const hold = `
    withLock(args[0], () => {
      say("held");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  `;

  test("that was killed is taken over", async () => {
    const { child, said, ended } = startProgram(hold, path);
    await said("held");
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(path)).toBe(false);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    const sleeps = hurry(0);
    expect(withLock(path, () => readlinkSync(path))).toBe(own());
    expect(sleeps).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("that was killed, and whose parent has not noticed, is taken over", () => {
    symlinkSync(`${process.pid}:1:${ownNamespace()}`, path);
    pretendStatus("Z", 1);
    expect(withLock(path, () => "taken")).toBe("taken");
  });

  test("that runs is waited for, whatever its name", async () => {
    const { child, said, ended } = startProgram(`process.title = "a) Z 1 (b"; ${hold}`, path);
    await said("held");
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(
      expect.objectContaining({ code: "unavailable", details: { pid: child.pid } }),
    );
    child.kill("SIGKILL");
    await ended;
  });

  test("that has released it is not waited for any longer", async () => {
    const program = `
      withLock(args[0], () => {
        say("held");
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      });
    `;
    const { said, ended } = startProgram(program, path);
    await said("held");
    expect(withLock(path, () => readlinkSync(path))).toBe(own());
    await ended;
  });

  test("that is gone is taken over", () => {
    symlinkSync(`${gone()}:5:${ownNamespace()}`, path);
    expect(withLock(path, () => readlinkSync(path))).toBe(own());
  });

  test("that is gone is not mistaken for that of a process which took it over meanwhile", () => {
    symlinkSync(`${gone()}:5:${ownNamespace()}`, path);
    const successor = own();
    const real = fs.symlinkSync;
    vi.spyOn(fs, "symlinkSync").mockImplementation((text, link) => {
      if (link === `${path}.steal`) {
        unlinkSync(path);
        real(successor, path);
      }
      real(text, link);
    });
    syncBuiltinESMExports();
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(expect.objectContaining({ code: "unavailable" }));
    expect(readlinkSync(path)).toBe(successor);
    expect(readdirSync(directory)).toEqual(["state.lock"]);
  });

  test("whose id another process has now is taken over", () => {
    symlinkSync(`${process.pid}:1:${ownNamespace()}`, path);
    pretendStatus("S", 2);
    expect(withLock(path, () => readlinkSync(path))).toBe(own());
  });

  test("that is still the process which took it is waited for", () => {
    symlinkSync(`${process.pid}:1:${ownNamespace()}`, path);
    pretendStatus("S", 1);
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(expect.objectContaining({ code: "unavailable" }));
  });

  test("of which nobody knows when it started is waited for as long as there is one with its id", () => {
    symlinkSync(`${process.pid}::${ownNamespace()}`, path);
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(expect.objectContaining({ code: "unavailable" }));
  });

  test("of which nobody may know anything is waited for", () => {
    symlinkSync(`${process.pid}:1:${ownNamespace()}`, path);
    vi.spyOn(fs, "readFileSync").mockImplementation(() => {
      throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    });
    syncBuiltinESMExports();
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(expect.objectContaining({ code: "unavailable" }));
  });

  test("of another user is waited for", () => {
    symlinkSync(own(), path);
    vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("EPERM"), { code: "EPERM" });
    });
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(expect.objectContaining({ code: "unavailable" }));
  });

  test("with the lowest id is waited for", () => {
    symlinkSync(`1::${ownNamespace()}`, path);
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(
      expect.objectContaining({ code: "unavailable", details: { pid: 1 } }),
    );
  });

  test("that releases it at this very moment is tried again", () => {
    vi.spyOn(fs, "symlinkSync").mockImplementationOnce(() => {
      throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
    });
    syncBuiltinESMExports();
    expect(hurry(0)).toEqual([]);
    expect(withLock(path, () => readlinkSync(path))).toBe(own());
  });

  test("of another process namespace is waited for: here nobody can see whether it runs", () => {
    symlinkSync(`${gone()}:5:1${ownNamespace()}`, path);
    hurry(0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(expect.objectContaining({ code: "unavailable" }));
    expect(readdirSync(directory)).toEqual(["state.lock"]);
  });
});

describe("waiting for a lock", () => {
  test("is given up after 10 seconds, with what can be done", () => {
    const held = own();
    symlinkSync(held, path);
    const sleeps = hurry(500, 600, 10_499, 10_500);
    const body = vi.fn<() => void>();
    expect(() => withLock(path, body)).toThrow(
      expect.objectContaining({
        code: "unavailable",
        message: `Another process holds the lock ${path}.`,
        hint: `Try again; if no process ${process.pid} of cos runs on this machine, delete ${path}.`,
        details: { pid: process.pid },
      }),
    );
    expect(sleeps).toEqual([1, 2]);
    expect(body).not.toHaveBeenCalled();
    expect(readlinkSync(path)).toBe(held);
  });

  test("has pauses that grow to 16 ms", () => {
    symlinkSync(own(), path);
    const sleeps = hurry(0, 0, 0, 0, 0, 0, 0, 0, 10_000);
    expect(() => withLock(path, () => {})).toThrow(expect.objectContaining({ code: "unavailable" }));
    expect(sleeps).toEqual([1, 2, 4, 8, 16, 16, 16]);
  });
});

describe("a lock cannot be taken", () => {
  const refused = expect.objectContaining({
    code: "failed_precondition",
    message: expect.stringContaining("cannot be taken"),
    hint: expect.stringContaining("delete what is there"),
  });

  test.each(["a file", "a directory", "a link to elsewhere", "a link with more in it"])("where %s is", (what) => {
    if (what === "a file") writeFileSync(path, "1:2:3");
    else if (what === "a directory") mkdirSync(path);
    else symlinkSync(what === "a link to elsewhere" ? "/etc/passwd" : `x1:2:3`, path);
    expect(() => withLock(path, () => {})).toThrow(refused);
    expect(readdirSync(directory)).toEqual(["state.lock"]);
  });

  test("in a directory that is not there", () => {
    expect(() => withLock(join(directory, "none", "x.lock"), () => {})).toThrow(refused);
  });
});
