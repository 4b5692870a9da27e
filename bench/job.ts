import { defineWorkload, type Engine } from "@cos/core";
import { connectDocker } from "@cos/docker";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";
import { runCommand } from "./spawn.ts";

const command = "echo ok";

/** A one-shot job: through the library against `docker run --rm`, from the call to the result in hand. */
export async function benchJob(): Promise<void> {
  await using engine = await connectDocker();
  for (const [network, must] of [
    ["none", "<= 0.90"],
    ["bridge", "<= 0.75"],
  ] as const) {
    const ratios = await compare({
      "docker run --rm": () =>
        milliseconds(() =>
          runCommand(dockerCli, ["run", "--rm", "--network", network, "busybox", "sh", "-c", command], {
            stdout: "ok\n",
          }),
        ),
      "cos library": () => timeJob(engine, network),
    });
    report(`job, network ${network}`, "ms", ratios, { "cos library": must });
  }
}

async function timeJob(engine: Engine, network: string): Promise<number> {
  const spec = defineWorkload({ env: { image: "busybox" }, command, network });
  const passed = await milliseconds(async () => {
    const { exitCode, stdout } = await engine.jobs.run({ spec, owner: "bench" });
    if (exitCode !== 0 || stdout !== "ok\n") throw new Error(`the job answered ${exitCode} ${JSON.stringify(stdout)}`);
  });
  await removed(engine);
  return passed;
}

/** Removal happens off the caller's time; the next measurement must not pay for it. */
export async function removed(engine: Engine): Promise<void> {
  while ((await engine.containers.list({ managed: true })).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
}
