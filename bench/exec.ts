import { execFileSync } from "node:child_process";
import { connectDocker } from "@cos/docker";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";
import { runCommand } from "./spawn.ts";

/** What a round costs varies more here than the two ways differ. */
const rounds = 60;
const command = ["sh", "-c", "echo ok"];

/** A command in a container that runs: through the library against `docker exec`, from the call to the result in hand. */
export async function benchExec(): Promise<void> {
  await using engine = await connectDocker();
  const start = ["run", "--detach", "--rm", "--init", "--network", "none", "busybox", "sleep", "3600"];
  const id = execFileSync(dockerCli, start, { encoding: "utf8" }).trim();
  try {
    const ratios = await compare(
      {
        "docker exec": () => milliseconds(() => runCommand(dockerCli, ["exec", id, ...command], { stdout: "ok\n" })),
        "cos library": () =>
          milliseconds(async () => {
            const { exitCode, stdout } = await engine.containers.exec(id, { command });
            if (exitCode !== 0 || stdout !== "ok\n")
              throw new Error(`it answered ${exitCode} ${JSON.stringify(stdout)}`);
          }),
      },
      rounds,
    );
    report("exec", "ms", ratios, { "cos library": "<= 0.65" });
  } finally {
    await engine.containers.remove(id);
  }
}
