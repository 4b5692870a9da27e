import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compare, dockerCli, milliseconds, report } from "./rounds.ts";

const run = promisify(execFile);
const [reader, finder] = ["./logs-reader.mjs", "./logs-finder.mjs"].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);
const line = "INFO request 12345 GET /path/to/something status=200 took 12 ms, all is well here; ".repeat(12);
const lines = 200_000;
/** What the container writes: 200 MB in lines of a kilobyte, which the engine keeps one by one, and one that is found. */
const source = `yes '${line}' | head -n ${lines}; echo last line`;
const bytes = lines * (line.length + 1) + "last line\n".length;

/** 200 MB of a container's log, kept by the engine's default driver: MB/s as a ratio to the docker CLI. */
export async function benchLogs(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "cos-bench-logs-"));
  const env = { ...process.env, XDG_CONFIG_HOME: join(state, "config"), XDG_STATE_HOME: join(state, "state") };
  const made = await run(dockerCli, [
    "create",
    "--network",
    "none",
    "--log-driver",
    "json-file",
    "busybox",
    "sh",
    "-c",
    source,
  ]);
  const id = made.stdout.trim();
  const peaks: Record<string, number> = {};
  const throughput = (ms: number) => bytes / 1e6 / (ms / 1000);
  const inChild =
    (name: string, ...args: readonly string[]) =>
    async () => {
      const { stdout } = await run(process.execPath, [...args], { env });
      const { ms, peakMegabytes } = JSON.parse(stdout) as { ms: number; peakMegabytes: number };
      peaks[name] = Math.max(peaks[name] ?? 0, peakMegabytes);
      return throughput(ms);
    };
  try {
    await run(dockerCli, ["start", id]);
    await run(dockerCli, ["wait", id]);
    const ratios = await compare(
      {
        "docker logs": async () => {
          const ms = await milliseconds(async () => {
            const { stdout } = await run("sh", ["-c", `${dockerCli} logs ${id} | wc -c`]);
            if (Number(stdout) !== bytes)
              throw new Error(`docker logs wrote ${stdout.trim()} bytes instead of ${bytes}`);
          });
          return throughput(ms);
        },
        "cos library": inChild("cos library", reader ?? "", id, String(bytes)),
        "container_logs with grep": inChild("container_logs with grep", finder ?? "", id, "^last"),
      },
      3,
    );
    report(`logs, ${Math.round(bytes / 1e6)} MB`, "MB/s", ratios, { "cos library": ">= 0.95" });
    for (const [name, peak] of Object.entries(peaks)) {
      const bound = name === "cos library" ? "   (must be < 80)" : "";
      console.log(`  peak memory of the whole process, ${name}: ${peak.toFixed(0)} MB${bound}`);
    }
  } finally {
    await run(dockerCli, ["rm", "--force", id]);
    rmSync(state, { recursive: true, force: true });
  }
}
