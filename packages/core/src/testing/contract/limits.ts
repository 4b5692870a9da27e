import { describe, expect, test } from "vitest";
import { type Bench, job, newName } from "./setup.ts";

export function describeLimits(bench: Bench): void {
  describe("limits", () => {
    test("all the CPUs that the engine has are granted", async () => {
      const engine = await bench.connect();
      expect(await engine.jobs.run(job("echo hello", { limits: { cpus: engine.capabilities.cpus } }))).toMatchObject({
        exitCode: 0,
      });
    });

    test.each(["cpus", "memory"] as const)(
      "more %s than the engine has is refused with a hint, never cut down",
      async (limit) => {
        const engine = await bench.connect();
        const { cpus, memoryBytes } = engine.capabilities;
        const limits = limit === "cpus" ? { cpus: cpus + 1 } : { memory: `${memoryBytes + 1}b` };
        const name = newName();
        await expect(engine.jobs.run(job("echo hello", { name, limits }))).rejects.toMatchObject({
          code: "failed_precondition",
          hint: expect.any(String),
        });
        expect((await engine.containers.list()).map((container) => container.name)).not.toContain(`cos-${name}`);
      },
    );
  });
}
