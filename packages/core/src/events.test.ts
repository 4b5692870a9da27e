import { expect, test } from "vitest";
import { CosError } from "./errors.ts";
import { type ContainerEvent, type EngineEvent, EventQueue } from "./events.ts";

const event = (id: string): ContainerEvent => ({
  kind: "started",
  id,
  name: "web",
  ownership: { status: "unmanaged" },
});

/** What waits now. */
async function taken(queue: EventQueue): Promise<EngineEvent[]> {
  queue.fail(new CosError("unavailable", "It is over."));
  const events: EngineEvent[] = [];
  await expect(
    (async () => {
      for await (const one of queue.listen()) events.push(one);
    })(),
  ).rejects.toMatchObject({ code: "unavailable" });
  return events;
}

test("events come in their order, and then the failure", async () => {
  const queue = new EventQueue();
  queue.push(event("a"));
  queue.push(event("b"));
  expect(await taken(queue)).toEqual([event("a"), event("b")]);
});

test("who is told to look again is not told what came before", async () => {
  const queue = new EventQueue();
  queue.push(event("a"));
  queue.push({ kind: "resync" });
  queue.push({ kind: "resync" });
  queue.push(event("b"));
  expect(await taken(queue)).toEqual([{ kind: "resync" }, event("b")]);
});

test("who is too slow is told to look again, and no more is kept than fits", async () => {
  const queue = new EventQueue();
  for (let count = 0; count < 100_001; count += 1) queue.push(event("a"));
  const events = await taken(queue);
  expect(events[0]).toEqual({ kind: "resync" });
  expect(events.length).toBeLessThanOrEqual(1000);
});

test("who cancels while nothing comes waits no longer", async () => {
  const stop = new AbortController();
  const next = new EventQueue().listen({ signal: stop.signal }).next();
  stop.abort();
  await expect(next).rejects.toMatchObject({ code: "cancelled" });
});
