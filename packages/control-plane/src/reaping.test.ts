import { randomBytes } from "node:crypto";
import { createSigner, type Engine } from "@cos/core";
import { createMemoryEngine } from "@cos/core/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Reaping, startReaping } from "./reaping.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const engine = createMemoryEngine({ signer: createSigner(randomBytes(32)), images: {} });

function start(everySeconds?: number, connect = async () => engine) {
  let reaped = 0;
  const reaping = startReaping({ connect, reap: async () => void reaped++, everySeconds });
  return { reaping, reaped: () => reaped };
}

async function close(reaping: Reaping, connected?: Engine): Promise<void> {
  reaping.stop();
  await reaping.finish(connected);
}

test("without an interval it reaps once, after the first connection", async () => {
  const { reaping, reaped } = start();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(reaped()).toBe(0);
  reaping.connected(engine);
  expect(reaped()).toBe(0);
  await vi.advanceTimersByTimeAsync(600_000);
  reaping.connected(engine);
  await vi.advanceTimersByTimeAsync(600_000);
  await close(reaping, engine);
  expect(reaped()).toBe(1);
});

test("what is closed before that reaps then, if there is a connection", async () => {
  const { reaping, reaped } = start();
  reaping.connected(engine);
  await close(reaping, engine);
  expect(reaped()).toBe(1);
  const unconnected = start();
  await close(unconnected.reaping);
  expect(unconnected.reaped()).toBe(0);
});

test("with an interval it reaps again and again, connects for it, and stops when it is closed", async () => {
  const { reaping, reaped } = start(60);
  await vi.advanceTimersByTimeAsync(180_000);
  expect(reaped()).toBe(3);
  await close(reaping);
  await vi.advanceTimersByTimeAsync(180_000);
  expect(reaped()).toBe(3);
});

test("it does not begin while it is at it, and waits for that to close", async () => {
  let finish = () => {};
  let begun = 0;
  const reap = async () => {
    begun++;
    await new Promise<void>((resolve) => (finish = resolve));
  };
  const reaping = startReaping({ connect: async () => engine, reap, everySeconds: 60 });
  await vi.advanceTimersByTimeAsync(180_000);
  expect(begun).toBe(1);
  let isClosed = false;
  const closing = close(reaping).then(() => (isClosed = true));
  await vi.advanceTimersByTimeAsync(1000);
  expect(isClosed).toBe(false);
  finish();
  await closing;
});

test("an engine that does not answer is asked again", async () => {
  let attempts = 0;
  const connect = async () => {
    if (++attempts < 3) throw new Error("no engine");
    return engine;
  };
  const { reaping, reaped } = start(60, connect);
  await vi.advanceTimersByTimeAsync(180_000);
  expect([attempts, reaped()]).toEqual([3, 1]);
  await close(reaping);
});
