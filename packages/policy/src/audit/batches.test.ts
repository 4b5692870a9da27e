import fs, { chmodSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newLogDirectory, sampleEvent } from "./testing/log-directory.ts";

let log: ReturnType<typeof newLogDirectory>;

beforeEach(() => {
  log = newLogDirectory();
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  log.remove();
});

const today = "audit-20260309-cli.jsonl";
const events = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => sampleEvent({ callId: String(from + index), stage: "read" }));
const numbers = () => log.records(today).map(({ callId }) => Number(callId));

/** How often the disk was waited for. */
function watchDisk() {
  const spy = vi.spyOn(fs, "fdatasyncSync");
  syncBuiltinESMExports();
  return () => spy.mock.calls.length;
}

describe("events of the same moment", () => {
  test("are written at once, in the order in which they came, and are good records", async () => {
    const waits = watchDisk();
    const audit = log.open();
    await Promise.all(events(20).map((event) => audit.recordSoon(event)));
    expect(waits()).toBe(1);
    expect(numbers()).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(await log.verify()).toMatchObject({ intact: true, records: 20 });
  });

  test("are on the disk before one that is recorded after them", async () => {
    const audit = log.open();
    const soon = events(3).map((event) => audit.recordSoon(event));
    audit.record(sampleEvent({ callId: "3", stage: "started" }));
    expect(numbers()).toEqual([0, 1, 2, 3]);
    await Promise.all(soon);
    expect(numbers()).toHaveLength(4);
  });

  test("go on being written together while their callers go on", async () => {
    const waits = watchDisk();
    const audit = log.open();
    for (let round = 0; round < 5; round++)
      await Promise.all(events(10, round * 10).map((event) => audit.recordSoon(event)));
    expect(waits()).toBe(5);
    expect(await log.verify()).toMatchObject({ intact: true, records: 50 });
  });

  test("are not more than a reader of a torn end would take", async () => {
    const audit = log.open();
    await Promise.all(events(1000).map((event) => audit.recordSoon(event)));
    expect(numbers()).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(await log.verify()).toMatchObject({ intact: true, records: 1000 });
  });

  test("all fail when they cannot be written, and then the log goes on where it was", async () => {
    const audit = log.open();
    audit.record(sampleEvent());
    chmodSync(log.path, 0o777);
    const soon = await Promise.allSettled(events(3).map((event) => audit.recordSoon(event)));
    for (const one of soon)
      expect(one).toMatchObject({ status: "rejected", reason: { name: "CosError", code: "failed_precondition" } });
    chmodSync(log.path, 0o700);
    await audit.recordSoon(sampleEvent());
    expect(await log.verify()).toMatchObject({ intact: true, records: 2 });
  });

  test("do not fail with one that cannot be recorded at all", async () => {
    const audit = log.open();
    const [good, bad] = await Promise.allSettled([
      audit.recordSoon(sampleEvent()),
      audit.recordSoon({ ...sampleEvent(), operation: 7 as unknown as string }),
    ]);
    expect(good.status).toBe("fulfilled");
    expect(bad.status).toBe("rejected");
  });
});
