import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";

const run = promisify(execFile);
const reader = fileURLToPath(new URL("./output-reader.mjs", import.meta.url));
const megabytes = 200;
const source = `dd if=/dev/zero bs=1M count=${megabytes} 2>/dev/null`;

/** 200 MB of a job's output: MB/s as a ratio to the docker CLI with its default log driver, and with the same one. */
export async function benchOutput(): Promise<void> {
  const peaks: number[] = [];
  const throughput = (ms: number) => megabytes / (ms / 1000);
  const docker =
    (...flags: string[]) =>
    async () =>
      throughput(
        await milliseconds(
          async () =>
            void (await run("sh", [
              "-c",
              `${dockerCli} run --rm --network none ${flags.join(" ")} busybox sh -c '${source}' | wc -c`,
            ])),
        ),
      );
  const ratios = await compare(
    {
      "docker run": docker(),
      "docker run --log-driver none": docker("--log-driver", "none"),
      "cos library": async () => {
        const { stdout } = await run(process.execPath, [reader, source, String(megabytes * 1024 * 1024)]);
        const { ms, peakMegabytes } = JSON.parse(stdout) as { ms: number; peakMegabytes: number };
        peaks.push(peakMegabytes);
        return throughput(ms);
      },
    },
    7,
  );
  const sameDriver = (ratios[2]?.ratio ?? 0) / (ratios[1]?.ratio ?? 1);
  report(`output, ${megabytes} MB`, "MB/s", ratios, { "cos library": ">= 4" });
  console.log(`  cos library / docker with log driver none: ${sameDriver.toFixed(3)}x   (must be >= 0.95)`);
  console.log(`  peak memory of the whole process: ${Math.max(...peaks).toFixed(0)} MB   (must be < 80)`);
}
