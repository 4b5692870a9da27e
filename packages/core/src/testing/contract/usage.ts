import { describe, expect, test } from "vitest";
import { type Bench, whileRunning } from "./setup.ts";

export function describeUsage(bench: Bench): void {
  describe("what is used", () => {
    test("by a running container are numbers within its limits", async () => {
      const engine = await bench.connect();
      const limits = { memory: "64m", pids: 32 };
      const { seen } = await whileRunning(engine, { limits }, async () => {
        const [listed] = await engine.containers.list({ managed: true });
        return await engine.containers.stats(listed?.id ?? "");
      });
      expect(seen.at).toBeInstanceOf(Date);
      expect(seen.memoryLimitBytes).toBe(64 * 1024 ** 2);
      expect(seen.memoryBytes).toBeGreaterThan(0);
      expect(seen.memoryBytes).toBeLessThanOrEqual(seen.memoryLimitBytes);
      expect(seen.memoryPercent).toBeCloseTo((100 * seen.memoryBytes) / seen.memoryLimitBytes, 1);
      expect(seen.pids).toBeGreaterThan(0);
      const { at: _at, ...numbers } = seen;
      for (const number of Object.values(numbers)) expect(number).toBeGreaterThanOrEqual(0);
    });

    test("by a container that does not run cannot be said", async () => {
      const engine = await bench.connect();
      const id = await bench.makeContainer();
      await engine.containers.stop(id);
      await expect(engine.containers.stats(id)).rejects.toMatchObject({
        code: "failed_precondition",
        hint: expect.any(String),
      });
    });

    test("of the disk is told for everything, and for what this installation made", async () => {
      const engine = await bench.connect();
      await bench.makeContainer();
      const { seen } = await whileRunning(engine, {}, () => engine.diskUsage());
      expect(seen.managed.containers.count).toBe(1);
      expect(seen.all.containers.count).toBeGreaterThanOrEqual(2);
      expect(seen.all.images.count).toBeGreaterThan(0);
      expect(seen.managed.images.count).toBe(0);
      for (const uses of [seen.all, seen.managed]) {
        for (const { count, bytes } of Object.values(uses)) {
          expect(count).toBeGreaterThanOrEqual(0);
          expect(bytes).toBeGreaterThanOrEqual(0);
        }
      }
    });
  });
}
