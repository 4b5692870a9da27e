import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { toProgress } from "./progress.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(progressToken?: string) {
  const messages: unknown[] = [];
  const sendNotification = ({ params }: { params: object }) => {
    messages.push(params);
    return Promise.resolve();
  };
  const extra = { _meta: progressToken === undefined ? {} : { progressToken }, sendNotification };
  const told = toProgress(extra as unknown as Parameters<typeof toProgress>[0]);
  return { told, messages, words: () => messages.map((params) => (params as { message: string }).message) };
}

const chunk = (text: string, stream: "stdout" | "stderr" = "stdout") => ({ stream, data: Buffer.from(text) });

describe("a client that asked for progress", () => {
  test("is told what happens, each time with a higher number", () => {
    const { told, messages } = open("p");
    told?.progress({ phase: "pull", message: "Pulling" });
    told?.progress({ phase: "start", message: "Starting" });
    expect(messages).toEqual([
      { progressToken: "p", progress: 1, message: "Pulling" },
      { progressToken: "p", progress: 2, message: "Starting" },
    ]);
  });

  test("is told what a program writes, line by line, shortly after", () => {
    const { told, words } = open("p");
    void told?.output(chunk("one\ntw"));
    void told?.output(chunk("o\n"));
    void told?.output(chunk("bad\u001b[2J\n", "stderr"));
    expect(words()).toEqual([]);
    vi.advanceTimersByTime(250);
    expect(words()).toEqual(["stdout: one", "stdout: two", "stderr: bad\\u001b[2J"]);
  });

  test("is told the newest lines of a program that writes more than anybody reads, and how many are left out", () => {
    const { told, words } = open("p");
    for (let line = 1; line <= 5000; line++) void told?.output(chunk(`${line}\n`));
    void told?.output(chunk(`${"x".repeat(2000)}\n`));
    vi.advanceTimersByTime(250);
    expect(words()).toHaveLength(11);
    expect(words().slice(0, 2)).toEqual(["(4991 lines are left out here)", "stdout: 4992"]);
    expect(words().at(-1)).toBe(`stdout: ${"x".repeat(500)}…`);
  });

  test("is told the rest before the answer, also a line without an end", () => {
    const { told, words } = open("p");
    void told?.output(chunk("one\nrest"));
    told?.end();
    expect(words()).toEqual(["stdout: one", "stdout: rest"]);
    vi.advanceTimersByTime(1000);
    expect(words()).toHaveLength(2);
  });
});

test("who did not ask is told nothing", () => {
  expect(open().told).toBeUndefined();
});
