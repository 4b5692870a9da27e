import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { defaultOutputBytes } from "../../output.ts";
import { type Bench, job, signalOnce } from "./setup.ts";

const eightMebibytes = 8 * 1024 * 1024;

export function describeOutput(bench: Bench): void {
  describe("output", () => {
    test("the sink receives each stream whole and in order", async () => {
      const engine = await bench.connect();
      const received = { stdout: "", stderr: "" };
      const result = await engine.jobs.run(job("echo out; echo err >&2; echo more"), {
        output: ({ stream, data }) => {
          received[stream] += Buffer.from(data).toString();
        },
      });
      expect(received).toEqual({ stdout: "out\nmore\n", stderr: "err\n" });
      expect(result).toMatchObject(received);
    });

    test("the sink is called once at a time, for both streams together", async () => {
      const engine = await bench.connect();
      let [busy, overlaps, calls] = [false, 0, 0];
      await engine.jobs.run(job("echo out; echo err >&2; echo more"), {
        output: async () => {
          calls++;
          if (busy) overlaps++;
          busy = true;
          await nextTurn();
          busy = false;
        },
      });
      expect(calls).toBeGreaterThanOrEqual(2);
      expect(overlaps).toBe(0);
    });

    test("the result comes after the sink has taken everything", async () => {
      const engine = await bench.connect();
      let taken = "";
      await engine.jobs.run(job("echo hello"), {
        output: async ({ data }) => {
          const text = Buffer.from(data).toString();
          await nextTurn();
          taken += text;
        },
      });
      expect(taken).toBe("hello\n");
    });

    test("while the sink is busy nothing more is read and the job waits", async () => {
      const engine = await bench.connect();
      const [first, release] = [signalOnce(), signalOnce()];
      let [chunks, bytes, ended] = [0, 0, false];
      const running = engine.jobs
        .run(job(["head", "-c", String(eightMebibytes), "/dev/zero"]), {
          output: async ({ data }) => {
            chunks++;
            bytes += data.byteLength;
            first.fire();
            await release.fired;
          },
        })
        .finally(() => {
          ended = true;
        });
      try {
        await Promise.race([first.fired, running]);
        await engine.jobs.run(job("echo hello"));
        expect({ chunks, ended }).toEqual({ chunks: 1, ended: false });
      } finally {
        release.fire();
      }
      expect(await running).toMatchObject({ exitCode: 0, stdoutCutBytes: eightMebibytes - defaultOutputBytes });
      expect(bytes).toBe(eightMebibytes);
    });

    test("of long output the result keeps the head and the tail, and counts what is cut", async () => {
      const engine = await bench.connect();
      let bytes = 0;
      const output = ({ data }: { data: Uint8Array }) => {
        bytes += data.byteLength;
      };
      const result = await engine.jobs.run({ ...job("seq 1 20000"), outputBytes: 1000 }, { output });
      expect(bytes).toBe(108_894);
      expect(result).toMatchObject({ stdoutCutBytes: 108_894 - 1000, stderrCutBytes: 0, stderr: "" });
      expect(result.stdout).toMatch(/^1\n2\n3\n/);
      expect(result.stdout).toContain("cut 107894 bytes");
      expect(result.stdout).toMatch(/\n19999\n20000\n$/);
    });

    test("output that fits is kept whole", async () => {
      const engine = await bench.connect();
      const result = await engine.jobs.run({ ...job("seq 1 20000"), outputBytes: 108_894 });
      expect(result.stdoutCutBytes).toBe(0);
      expect(result.stdout).toHaveLength(108_894);
    });
  });
}
