import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EngineClient } from "../transport/engine-client.ts";
import { DetachedJobs } from "./start-job.ts";

const id = "a".repeat(64);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const call = vi.fn(async () => undefined);
  return { call, jobs: new DetachedJobs({ call } as unknown as EngineClient) };
}

test("a detached job is killed at its timeout, once, however far away that is", async () => {
  const { call, jobs } = watched();
  const seconds = 30 * 86_400;
  jobs.watch(id, seconds);
  await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
  expect(call).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  expect(call).toHaveBeenCalledExactlyOnceWith("POST", ["containers", id, "kill"], expect.anything());
});

test("one without a timeout is not killed", async () => {
  const { call, jobs } = watched();
  jobs.watch(id, undefined);
  await vi.advanceTimersByTimeAsync(2 ** 31);
  expect(call).not.toHaveBeenCalled();
});

test("once the connection is closed nobody is killed any more", async () => {
  const { call, jobs } = watched();
  jobs.watch(id, 1);
  jobs.close();
  jobs.watch(id, 1);
  await vi.advanceTimersByTimeAsync(5000);
  expect(call).not.toHaveBeenCalled();
});
