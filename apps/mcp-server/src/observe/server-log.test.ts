import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openLog } from "./log.ts";
import { logServer } from "./server-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openServerLog() {
  const entries: Record<string, unknown>[] = [];
  const write = (line: string) => void entries.push(JSON.parse(line) as Record<string, unknown>);
  return { entries, server: logServer(openLog({ format: "json", level: "info" }, { write })) };
}

test("sessions are told of with the beginning of their id only", () => {
  const { entries, server } = openServerLog();
  const session = { id: "0123456789abcdef", caller: { kind: "http", name: "agent", hostRoots: [] } } as const;
  server.sessionOpened(session);
  server.sessionClosed(session);
  expect(entries).toMatchObject([{ msg: "session opened", caller: "agent" }, { msg: "session closed" }]);
  expect(JSON.stringify(entries)).not.toContain("89abcdef");
});

test("of refused requests the first few in a time have lines, and the others one together", () => {
  const { entries, server } = openServerLog();
  for (let times = 0; times < 1000; times += 1) server.refused({ why: times % 2 === 0 ? "host" : "unauthenticated" });
  expect(entries).toHaveLength(10);
  vi.advanceTimersByTime(10_000);
  expect(entries.slice(10)).toMatchObject([
    { level: "warn", msg: "990 more requests were refused", refused: { host: 495, unauthenticated: 495 } },
  ]);
  server.refused({ why: "rate", status: 429, address: "192.0.2.1" });
  expect(entries.at(-1)).toMatchObject({ msg: "request refused", why: "rate", httpStatus: 429, address: "192.0.2.1" });
});

test("what is only counted yet is told of at the end", () => {
  const { entries, server } = openServerLog();
  for (let times = 0; times < 12; times += 1) server.refused({ why: "body" });
  server.close();
  expect(entries.at(-1)).toMatchObject({ msg: "2 more requests were refused" });
});
