import { CosError } from "../errors.ts";
import { toExactTime } from "../exact-time.ts";
import type { WaitOptions, WaitResult } from "../lifecycle.ts";
import type { OutputChunk } from "../output.ts";
import type { WorkloadSpec } from "../spec/workload-spec.ts";
import { isAlive, type MemoryContainer } from "./memory-containers.ts";
import { type MemoryProgram, runProgram } from "./memory-job.ts";
import type { MemoryFiles } from "./memory-files.ts";
import type { MemoryMount } from "./memory-mounts.ts";
import type { WatchedMap } from "./watched-map.ts";

/** What a container runs each time it is started. */
export interface MemoryWorkload {
  readonly program: MemoryProgram;
  readonly spec: WorkloadSpec;
  /** The spec's variables, with values for secrets. */
  readonly variables: Readonly<Record<string, string>>;
  readonly mounts: ReadonlyMap<string, MemoryMount>;
  readonly files: MemoryFiles;
}

/** Starts a container that does not run. One without a program runs until it is stopped. */
export function start(containers: WatchedMap<MemoryContainer>, container: MemoryContainer): void {
  const { id, workload } = container;
  const kill = new AbortController();
  const { healthCheck } = workload?.spec ?? {};
  containers.set(id, {
    ...container,
    state: "running",
    starts: [...container.starts, new Date()],
    previousEndAt: container.finishedAt,
    finishedAt: undefined,
    exitCode: undefined,
    health: healthCheck === undefined ? undefined : "starting",
    ...(workload === undefined ? {} : { kill }),
  });
  if (workload === undefined) return;
  /** Changes the container as long as this start of it lasts. */
  const change = (what: (now: MemoryContainer) => Partial<MemoryContainer>) => {
    const now = containers.get(id);
    if (now?.kill === kill && isAlive(now)) containers.set(id, { ...now, ...what(now) });
  };
  const ended = (exitCode: number) => change(() => ({ state: "exited", exitCode, finishedAt: new Date() }));
  const output = async ({ stream, data }: OutputChunk) => {
    const lines = Buffer.from(data).toString().replace(/\n$/, "").split("\n");
    const time = toExactTime(new Date());
    change(({ log = [] }) => ({ log: [...log, ...lines.map((text) => ({ stream, text, time }))] }));
  };
  const { program, spec, variables, mounts, files } = workload;
  runProgram(program, { spec, variables, mounts, files, outputBytes: undefined, options: { output }, kill }).then(
    ({ exitCode }) => ended(exitCode),
    () => ended(1),
  );
  if (healthCheck === undefined) return;
  const check = {
    spec: { ...spec, command: healthCheck.command },
    variables,
    mounts,
    files,
    outputBytes: undefined,
    options: {},
    kill,
  };
  runProgram(program, check).then(
    ({ exitCode }) => change(() => ({ health: exitCode === 0 ? "healthy" : "unhealthy" })),
    () => change(() => ({ health: "unhealthy" })),
  );
}

/** Waits as `containers.wait` says. */
export async function waitFor(
  find: () => MemoryContainer,
  containers: WatchedMap<MemoryContainer>,
  { until, signal }: WaitOptions,
): Promise<WaitResult> {
  const cancelled = new Promise<void>((resolve) => {
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
  for (;;) {
    const { state, exitCode, health } = find();
    const ended = state === "created" || state === "exited" || state === "dead";
    if (until === "exit" && ended) return { state, exitCode };
    if (until !== "exit" && ended) {
      throw new CosError("failed_precondition", `The container ended with exit code ${exitCode}.`, {
        hint: "Read its log.",
      });
    }
    if (until !== "exit" && health === undefined) {
      throw new CosError("failed_precondition", "The container has no health check.", { hint: "Give it one." });
    }
    if (until !== "exit" && (health === "healthy" || (until === "checked" && health === "unhealthy"))) {
      return { state, health };
    }
    await Promise.race([containers.changed(), cancelled]);
    if (signal?.aborted === true) throw new CosError("cancelled", "The call was cancelled.");
  }
}
