import { expect, test } from "vitest";
import { StartQueue } from "./start-queue.ts";

test("as many enter at once as there are places, the rest in the order they came", async () => {
  const queue = new StartQueue(2);
  const entered: number[] = [];
  const enter = (number: number) =>
    queue.enter().then((leave) => {
      entered.push(number);
      return leave;
    });
  const leaves = [1, 2, 3, 4].map(enter);
  const [first, second] = await Promise.all(leaves.slice(0, 2));
  expect(entered).toEqual([1, 2]);
  second?.();
  const third = await leaves[2];
  expect(entered).toEqual([1, 2, 3]);
  first?.();
  await leaves[3];
  third?.();
  expect(entered).toEqual([1, 2, 3, 4]);
});

test("leaving twice gives back one place", async () => {
  const queue = new StartQueue(1);
  const leave = await queue.enter();
  leave();
  leave();
  await queue.enter();
  let entered = false;
  void queue.enter().then(() => (entered = true));
  await Promise.resolve();
  expect(entered).toBe(false);
});

test("who is cancelled while waiting does not take a place", async () => {
  const queue = new StartQueue(1);
  const leave = await queue.enter();
  const stop = new AbortController();
  const cancelled = queue.enter(stop.signal);
  const next = queue.enter();
  stop.abort();
  await expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
  leave();
  await expect(next).resolves.toBeTypeOf("function");
});

test("a signal that fires after entering does not matter any more", async () => {
  const queue = new StartQueue(1);
  const leave = await queue.enter();
  const stop = new AbortController();
  const second = queue.enter(stop.signal);
  const third = queue.enter();
  leave();
  const leaveSecond = await second;
  stop.abort();
  leaveSecond();
  await expect(third).resolves.toBeTypeOf("function");
});

test("who is cancelled already does not enter", async () => {
  const queue = new StartQueue(1);
  await expect(queue.enter(AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  await expect(queue.enter()).resolves.toBeTypeOf("function");
});
