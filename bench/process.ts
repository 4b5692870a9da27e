import { fileURLToPath } from "node:url";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";
import { cpuMilliseconds, runCommand } from "./spawn.ts";

const cos = fileURLToPath(new URL("../apps/cli/dist/main.js", import.meta.url));

/** `cos run` as a whole process against `docker run`, and what a start costs. */
export async function benchProcess(): Promise<void> {
  const command = ["sh", "-c", "echo ok"];
  for (const network of ["none", "bridge"]) {
    const ratios = await compare({
      "docker run --rm": () =>
        milliseconds(() =>
          runCommand(dockerCli, ["run", "--rm", "--network", network, "busybox", ...command], { stdout: "ok\n" }),
        ),
      "cos run": () =>
        milliseconds(() =>
          runCommand(process.execPath, [cos, "run", "busybox", "--network", network, "--", ...command], {
            stdout: "ok\n",
          }),
        ),
    });
    report(`process, network ${network}`, "ms", ratios, { "cos run": "<= 0.95" });
  }
  const starts = await compare(
    {
      "node -e 0": () => cpuMilliseconds(process.execPath, ["-e", "0"]),
      "cos --version": () => cpuMilliseconds(process.execPath, [cos, "--version"]),
    },
    7,
  );
  report("start, CPU time", "ms", starts, { "cos --version": "<= 1.5" });
}
