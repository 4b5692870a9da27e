import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine.ts";
import { CosError } from "../../errors.ts";
import type { ExecResult } from "../../exec.ts";
import type { Interaction } from "../../interaction.ts";
import type { JobOptions, JobResult } from "../../job.ts";
import { type Bench, job, newName, signalOnce } from "./setup.ts";

/** Tells the size of its terminal when a line comes, and again when it has changed. */
const sizesLine = "read line; stty size; trap 'stty size; exit 7' WINCH; echo ready; while true; do sleep 0.1; done";

/** What can be talked with. */
type Run = (engine: Engine, command: string, options: JobOptions) => Promise<JobResult | ExecResult>;

export function describeInteraction(bench: Bench): void {
  const runJob: Run = (engine, command, options) => engine.jobs.run(job(command), options);
  const exec: Run = async (engine, command, options) =>
    engine.containers.exec(await bench.makeContainer(), { command, timeoutSeconds: 30 }, options);

  describe.each([
    ["a job", runJob],
    ["a command in a container", exec],
  ])("interaction with %s", (_what, run) => {
    test("what is said reaches the program while it runs, and its end ends the program's input", async () => {
      const engine = await bench.connect();
      let heard = "";
      let wake = () => {};
      const hears = async (text: string) => {
        while (!heard.includes(text)) await new Promise<void>((resolve) => (wake = resolve));
      };
      const input = say(async function* () {
        yield "first\n";
        await hears("first\n");
        yield "second\n";
        await hears("second\n");
      });
      const result = await run(engine, "cat", {
        interaction: { input },
        output: ({ data }) => {
          heard += Buffer.from(data).toString();
          wake();
        },
      });
      expect(result).toMatchObject({ exitCode: 0, stdout: "first\nsecond\n", stderr: "", timedOut: false });
    });

    test("every byte arrives, and the two streams of output stay apart", async () => {
      const engine = await bench.connect();
      const bytes = Buffer.from(Array.from({ length: 256 * 64 }, (_, index) => index % 256));
      const received: Buffer[] = [];
      const result = await run(engine, "cat", {
        interaction: { input: say(() => [bytes]) },
        output: ({ data }) => void received.push(Buffer.from(data)),
      });
      expect(Buffer.concat(received)).toEqual(bytes);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    });

    test("an input that is awaited is let go of when the program ends", async () => {
      const engine = await bench.connect();
      const [letGo, never] = [signalOnce(), signalOnce()];
      const lines = ["hello\n"];
      const input: AsyncIterable<Uint8Array> = {
        [Symbol.asyncIterator]: () => ({
          async next() {
            const line = lines.shift();
            if (line === undefined) await never.fired;
            return { done: false, value: Buffer.from(line ?? "") };
          },
          async return() {
            letGo.fire();
            return { done: true, value: undefined };
          },
        }),
      };
      expect(await run(engine, "head -n 1", { interaction: { input } })).toMatchObject({
        exitCode: 0,
        stdout: "hello\n",
      });
      await letGo.fired;
    });

    test("an input that is not taken is not read ahead without bounds", async () => {
      const engine = await bench.connect();
      const ready = signalOnce();
      const stop = new AbortController();
      let asked = 0;
      const input = say(async function* () {
        for (; asked < 10_000; asked++) yield "x".repeat(65_536);
      });
      const options = { interaction: { input }, output: ready.fire, signal: stop.signal };
      const running = run(engine, "echo ready; sleep 60", options);
      await Promise.race([ready.fired, running]);
      await engine.jobs.run(job("sleep 0.1"));
      stop.abort();
      expect(await running).toMatchObject({ cancelled: true });
      expect(asked).toBeLessThan(1000);
    });

    test("an input that fails ends the program, and is the failure that the caller gets", async () => {
      const engine = await bench.connect();
      const ready = signalOnce();
      const input = say(async function* () {
        await ready.fired;
        yield "half a";
        throw new CosError("failed_precondition", "the file broke off");
      });
      const running = run(engine, "echo ready; cat", { interaction: { input }, output: ready.fire });
      await expect(running).rejects.toMatchObject({ code: "failed_precondition", message: "the file broke off" });
    });

    test("a program at a terminal has its size before any input, and sees it change", async () => {
      const engine = await bench.connect();
      const ended = signalOnce();
      let size = { columns: 80, rows: 24 };
      let changed = () => {};
      let subscribers = 0;
      let shown = "";
      const interaction: Interaction = {
        input: say(async function* () {
          yield "go\n";
          await ended.fired;
        }),
        terminal: {
          size: () => size,
          onResize(callback) {
            changed = callback;
            subscribers++;
            return () => void subscribers--;
          },
        },
      };
      const result = await run(engine, sizesLine, {
        interaction,
        output: ({ data }) => {
          shown += Buffer.from(data).toString();
          if (!shown.endsWith("ready\r\n")) return;
          size = { columns: 132, rows: 50 };
          changed();
        },
      }).finally(ended.fire);
      expect(result).toMatchObject({ exitCode: 7, stderr: "", stdout: "go\r\n24 80\r\nready\r\n50 132\r\n" });
      expect(shown).toBe(result.stdout);
      expect(subscribers).toBe(0);
    });
  });

  test("an input beside the one in the request is refused, and no container is made", async () => {
    const engine = await bench.connect();
    const [name, id] = [newName(), await bench.makeContainer()];
    const options = { interaction: { input: say(() => []) } };
    const refused = { code: "invalid_argument", hint: expect.any(String) };
    await expect(engine.jobs.run(job("cat", { stdin: "", name }), options)).rejects.toMatchObject(refused);
    await expect(engine.containers.exec(id, { command: "cat", stdin: "" }, options)).rejects.toMatchObject(refused);
    await engine.close();
    const fresh = await bench.connect();
    expect((await fresh.containers.list()).map((container) => container.name)).not.toContain(`cos-${name}`);
  });
}

/** Input as bytes. */
async function* say(
  values: () => AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const value of values()) yield Buffer.from(value);
}
