import type { JobOutput } from "../job/job-output.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import type { HijackedStream } from "../transport/hijack.ts";
import { assertKnownEnd, type EndedExec, execEnd, readExec } from "./exec-state.ts";

/** How long a command is silent before the engine is asked about it: the first time, and at most. Milliseconds. */
const silence = { firstMs: 100, longestMs: 5_000 };
/** How long an engine may need for the rest of the output of a command that has ended, in milliseconds. */
const restMs = 250;

/** How a command ended by itself. */
export interface ExecEnding extends EndedExec {
  /** Its output ended before it did, so output is missing unless it has closed it. */
  readonly lost: boolean;
}

/**
 * Follows a command to its end. The end of its output is none: a command may close its output and run on, and what it
 * leaves in the background may hold its output open (which engines end two seconds after the command). So the engine
 * is asked, at the end of the output and whenever the command is silent.
 *
 * @param stream undefined when the start was not answered.
 * @throws CosError as {@link execEnd}
 */
export async function followExec(
  client: EngineClient,
  execId: string,
  { stream, output, signal }: { stream: HijackedStream | undefined; output: JobOutput; signal: AbortSignal },
): Promise<ExecEnding> {
  const afterLoss = async () => ({ ...assertKnownEnd(await execEnd(client, execId, signal)), lost: true });
  if (stream === undefined) return await afterLoss();
  const outputEnded = stream.ended.then(
    () => true,
    () => false,
  );
  let waitMs = silence.firstMs;
  for (;;) {
    const { reads } = output;
    const properly = await Promise.race([outputEnded, after(waitMs)]);
    if (properly !== undefined) {
      // Output that ends before its command was cut off, or the command has closed it, which few do.
      const early = properly ? await readExec(client, execId, signal).catch(() => "running" as const) : "running";
      return typeof early === "object" ? { ...early, lost: false } : await afterLoss();
    }
    signal.throwIfAborted();
    if (output.blocked || output.reads !== reads) {
      waitMs = silence.firstMs;
      continue;
    }
    waitMs = Math.min(2 * waitMs, silence.longestMs);
    const state = await readExec(client, execId, signal).catch(() => "running" as const);
    if (typeof state === "string") continue;
    for (let seen = -1; seen !== output.reads || output.blocked;) {
      seen = output.reads;
      if ((await Promise.race([outputEnded, after(restMs)])) !== undefined) break;
    }
    return { ...state, lost: false };
  }
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, undefined).unref();
  });
}
