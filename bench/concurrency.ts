import { defineWorkload, type Engine } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { removed } from "./job.ts";
import { compare, milliseconds, report } from "./rounds.ts";

const jobs = 16;

/** 16 jobs asked for at once against the best fixed number of starts at a time: time until all results are in hand. */
export async function benchConcurrency(): Promise<void> {
  const asked = await connectDocker();
  const fixed = await Promise.all(
    [1, 2, 4, 6, 8, 16].map(
      async (concurrentStarts) => [concurrentStarts, await connectDocker({ concurrentStarts })] as const,
    ),
  );
  try {
    const ratios = await compare(
      {
        "cos, its own queue": () => timeAll(asked),
        ...Object.fromEntries(fixed.map(([starts, engine]) => [`fixed at ${starts}`, () => timeAll(engine)])),
      },
      7,
    );
    report(`${jobs} jobs at once`, "ms", ratios);
    const best = Math.min(...ratios.slice(1).map(({ median }) => median));
    console.log(
      `  throughput against the best fixed number: ${(best / (ratios[0]?.median ?? Number.NaN)).toFixed(3)}x   (must be >= 0.95)`,
    );
  } finally {
    await Promise.all([asked, ...fixed.map(([, engine]) => engine)].map((engine) => engine.close()));
  }
}

async function timeAll(engine: Engine): Promise<number> {
  const passed = await milliseconds(async () => {
    const results = await Promise.all(
      Array.from({ length: jobs }, (_, index) =>
        engine.jobs.run({
          spec: defineWorkload({ env: { image: "busybox" }, command: `echo ${index}` }),
          owner: "bench",
        }),
      ),
    );
    results.forEach(({ exitCode, stdout }, index) => {
      if (exitCode !== 0 || stdout !== `${index}\n`)
        throw new Error(`job ${index} answered ${exitCode} ${JSON.stringify(stdout)}`);
    });
  });
  await removed(engine);
  return passed;
}
