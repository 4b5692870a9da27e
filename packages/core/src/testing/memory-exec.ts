import { CosError } from "../errors.ts";
import { defineExec, textsOfExec, type ExecOptions, type ExecRequest, type ExecResult } from "../exec.ts";
import { withSecrets } from "../secrets.ts";
import { defineWorkload } from "../spec/workload-spec.ts";
import type { MemoryContainer } from "./memory-containers.ts";
import { type KillReason, type MemoryProgram, runProgram } from "./memory-job.ts";

/** Runs a command in a container: its image's program is called with it. */
export async function execInMemory(
  container: MemoryContainer,
  programOf: (container: MemoryContainer) => MemoryProgram | undefined,
  request: ExecRequest,
  { output, interaction, signal }: ExecOptions,
  closing: AbortSignal,
): Promise<ExecResult> {
  const { command, variables, workingDir, user, stdin, stdinEncoding, timeoutSeconds, outputBytes } =
    defineExec(request);
  const program = container.state === "running" ? programOf(container) : undefined;
  if (program === undefined) {
    throw new CosError("failed_precondition", `The container ${container.name} does not run a known image.`, {
      hint: "Start it first.",
    });
  }
  return await withSecrets(textsOfExec(request), request.secrets, async (secrets) => {
    const spec = defineWorkload({
      env: { image: "busybox" },
      command,
      variables,
      stdinEncoding,
      ...(workingDir === undefined ? {} : { workingDir }),
      ...(user === undefined ? {} : { user }),
      ...(stdin === undefined ? {} : { stdin }),
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    });
    const started = performance.now();
    const ending = await runProgram(program, {
      spec,
      variables: secrets.valuesOf(spec.variables),
      redaction: secrets.redaction,
      mounts: new Map(),
      files: container.files,
      outputBytes,
      options: { output, interaction, signal: AbortSignal.any([closing, ...(signal === undefined ? [] : [signal])]) },
      kill: new AbortController(),
    });
    const killed: KillReason | undefined = ending.killedBy;
    return {
      exitCode: ending.exitCode,
      stdout: ending.stdout.text(),
      stderr: ending.stderr.text(),
      stdoutCutBytes: ending.stdout.cutBytes,
      stderrCutBytes: ending.stderr.cutBytes,
      timedOut: killed === "timeout",
      cancelled: killed === "cancel",
      ...(killed === undefined ? {} : { killed: true }),
      ...(killed === "timeout" ? { hint: "Raise timeoutSeconds if it needs longer." } : {}),
      outputLost: false,
      ranMs: performance.now() - started,
    };
  });
}
