import { describe, expect, test } from "vitest";
import { type Bench, longCommand, newName, whileRunning } from "./setup.ts";

export function describeInspection(bench: Bench): void {
  describe("looking at a container", () => {
    test("tells how it was made", async () => {
      const engine = await bench.connect();
      const volume = newName();
      const spec = {
        variables: { GREETING: "hello", EMPTY: "" },
        workingDir: "/tmp",
        user: "1000",
        limits: { memory: "64m", cpus: 1, pids: 32 },
        mounts: [
          { type: "volume" as const, name: volume, target: "/data", readOnly: true },
          { type: "tmpfs" as const, target: "/scratch" },
        ],
      };
      const { seen } = await whileRunning(engine, spec, async () => {
        const [listed] = await engine.containers.list({ managed: true });
        return await engine.containers.get(listed?.id ?? "");
      });
      expect(seen.details?.configuration).toMatchObject({
        entrypoint: ["/bin/sh", "-c"],
        command: [longCommand],
        workingDir: "/tmp",
        user: "1000",
        variables: expect.arrayContaining(["GREETING", "EMPTY"]),
        limits: { memoryBytes: 64 * 1024 ** 2, cpus: 1, pids: 32 },
        mounts: expect.arrayContaining([
          { type: "volume", source: `cos-${volume}`, target: "/data", readOnly: true },
          { type: "tmpfs", source: "", target: "/scratch", readOnly: false },
        ]),
        addresses: [{ network: "none" }],
        hardening: {
          privileged: false,
          readOnlyRoot: false,
          noNewPrivileges: true,
          addedCapabilities: [],
          droppedCapabilities: ["ALL"],
          sharedNamespaces: [],
          devices: [],
        },
        logDriver: "none",
      });
    });

    test("never tells the values of its variables, but in the spec of what cos made", async () => {
      const engine = await bench.connect();
      const { seen } = await whileRunning(engine, { variables: { GREETING: "a value of one's own" } }, async () => {
        const [listed] = await engine.containers.list({ managed: true });
        return await engine.containers.get(listed?.id ?? "");
      });
      const { ownership: _ownership, ...others } = seen;
      expect(JSON.stringify(others)).not.toContain("a value of one's own");
    });

    test("that cos did not make tells no limits that it does not have", async () => {
      const engine = await bench.connect();
      const { details } = await engine.containers.get(await bench.makeContainer());
      expect(details?.configuration.limits).toEqual({ memoryBytes: undefined, cpus: undefined, pids: undefined });
      expect(details?.configuration.hardening).toMatchObject({ privileged: false, droppedCapabilities: [] });
    });
  });
}
