import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

const never = new AbortController().signal;

/** Whether a promise is settled once everything that can happen now has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = await Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ]);
  return settled;
}

test("one at a time comes through, in the order they asked", async () => {
  const turns = createTurns();
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3].map(async (number) => {
      const end = await turns.take("a", never);
      order.push(number);
      await Promise.resolve();
      order.push(number);
      end();
    }),
  );
  expect(order).toEqual([1, 1, 2, 2, 3, 3]);
});

test("keys do not wait for each other", async () => {
  const turns = createTurns();
  await turns.take("a", never);
  const other = turns.take("b", never);
  expect(await isSettled(other)).toBe(true);
  expect(await isSettled(turns.take("a", never))).toBe(false);
});

test("who gives up waiting does not hold up those behind", async () => {
  const turns = createTurns();
  const end = await turns.take("a", never);
  const abort = new AbortController();
  const second = turns.take("a", abort.signal);
  const third = turns.take("a", never);
  abort.abort();
  await expect(second).rejects.toMatchObject({ code: "cancelled" });
  expect(await isSettled(third)).toBe(false);
  end();
  expect(await isSettled(third)).toBe(true);
});

test("ending a turn twice ends no other", async () => {
  const turns = createTurns();
  const end = await turns.take("a", never);
  const second = await Promise.all([turns.take("a", never), Promise.resolve(end())]).then(([turn]) => turn);
  end();
  const third = turns.take("a", never);
  expect(await isSettled(third)).toBe(false);
  second();
  expect(await isSettled(third)).toBe(true);
});
