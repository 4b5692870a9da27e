import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Caller, ControlPlane } from "@cos/control-plane";
import { defineWorkload, type Engine } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { defaultRules } from "@cos/policy";
import { controlPlaneOn } from "./control-plane.ts";
import { removed } from "./job.ts";
import { compare, milliseconds, report } from "./rounds.ts";

const caller: Caller = { kind: "stdio", name: "bench", hostRoots: [] };
const input = { image: "busybox", command: "echo ok", timeoutSeconds: 300 };
/** Calls in one measurement, where one alone is too short to measure. */
const calls = 50;

/**
 * What policy and audit add to `container_run`: the whole job with and without them, which the engine's own noise
 * blurs, and then the two alone, on an engine that answers at once, as a share of the job.
 */
export async function benchGovernance(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "cos-bench-"));
  try {
    await using engine = await connectDocker();
    const spec = defineWorkload({ env: { image: "busybox" }, command: "echo ok", timeoutSeconds: 300 });
    const governed = controlPlaneOn(engine, directory, defaultRules);
    const job = await compare(
      {
        "engine.jobs.run alone": () =>
          timed(engine, async () => void (await engine.jobs.run({ spec, owner: caller.name }))),
        "container_run, with policy and audit": () => timed(engine, () => perform(governed)),
      },
      60,
    );
    report("a job with governance", "ms", job, { "container_run, with policy and audit": "< 1.03" });

    const result = await engine.jobs.run({ spec, owner: caller.name });
    const atOnce = { ...engine, jobs: { run: async () => result } } as unknown as Engine;
    const alone = controlPlaneOn(atOnce, directory, defaultRules);
    const overhead = await compare({
      "policy and audit alone": async () => {
        const all = await milliseconds(async () => {
          for (let call = 0; call < calls; call++) await perform(alone);
        });
        return all / calls;
      },
    });
    const share = (overhead[0]?.median ?? Number.NaN) / (job[0]?.median ?? Number.NaN);
    console.log(
      `  policy and audit alone take ${overhead[0]?.median.toFixed(2)} ms, ${(share * 100).toFixed(2)} % of the job   (must be < 3 %)`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function perform(controlPlane: ControlPlane): Promise<void> {
  const outcome = await controlPlane.perform({ operation: "container_run", input, caller });
  if (outcome.status !== "done") throw new Error(`the call answered ${outcome.status}`);
}

async function timed(engine: Engine, deed: () => Promise<void>): Promise<number> {
  const passed = await milliseconds(deed);
  await removed(engine);
  return passed;
}
