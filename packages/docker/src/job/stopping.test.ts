import { CosError } from "@cos/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EngineClient } from "../transport/engine-client.ts";
import { toRefusal } from "../transport/refusal.ts";
import { stopWhenDue } from "./stopping.ts";

// Vitest's clock does not reach this module by itself.
vi.mock("node:timers/promises", () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}));

const call = vi.fn<(method: string, segments: readonly string[]) => Promise<void>>();
const client = { call } as unknown as EngineClient;
const kills = () => call.mock.calls.length;

beforeEach(() => {
  vi.useFakeTimers();
  call.mockReset().mockResolvedValue();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a running container", () => {
  test("is killed once when its time is up", async () => {
    const stopping = stopWhenDue(client, "abc", 2, undefined);
    await vi.advanceTimersByTimeAsync(1_999);
    expect([kills(), stopping.reason()]).toEqual([0, undefined]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(call.mock.calls.map(([method, segments]) => [method, segments])).toEqual([
      ["POST", ["containers", "abc", "kill"]],
    ]);
    expect(stopping.reason()).toBe("timeout");
  });

  test("is killed when the caller cancels, and the first reason stays", async () => {
    const stop = new AbortController();
    const stopping = stopWhenDue(client, "abc", 1, stop.signal);
    stop.abort();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([kills(), stopping.reason()]).toEqual([1, "cancel"]);
  });

  test("is killed at once when the caller has cancelled already", () => {
    expect(stopWhenDue(client, "abc", undefined, AbortSignal.abort()).reason()).toBe("cancel");
    expect(kills()).toBe(1);
  });

  test("is not killed after it has ended", async () => {
    const stop = new AbortController();
    const stopping = stopWhenDue(client, "abc", 1, stop.signal);
    stopping.done();
    stop.abort();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([kills(), stopping.reason()]).toEqual([0, undefined]);
  });

  test("is killed after the longest timeout and no earlier", async () => {
    const seconds = 30 * 86_400;
    const stopping = stopWhenDue(client, "abc", seconds, undefined);
    await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
    expect(kills()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect([kills(), stopping.reason()]).toEqual([1, "timeout"]);
  });
});

describe("a kill that fails", () => {
  test.each<[string, Error]>([
    ["the engine does not answer", new CosError("unavailable", "gone")],
    ["the engine cannot do it", toRefusal(500, '{"message":"cannot kill container"}')],
  ])("is repeated until it succeeds when %s", async (_why, error) => {
    call.mockRejectedValueOnce(error).mockRejectedValueOnce(error);
    stopWhenDue(client, "abc", 1, undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kills()).toBe(3);
  });

  test.each([404, 409])("is not repeated when the answer is %i: the container has ended", async (status) => {
    call.mockRejectedValue(toRefusal(status, ""));
    stopWhenDue(client, "abc", 1, undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kills()).toBe(1);
  });

  test("is not repeated once the container has ended", async () => {
    call.mockRejectedValue(new CosError("unavailable", "gone"));
    const stopping = stopWhenDue(client, "abc", 1, undefined);
    await vi.advanceTimersByTimeAsync(1_500);
    stopping.done();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kills()).toBe(1);
  });
});
