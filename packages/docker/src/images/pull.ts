import { CosError, formatImageReference, type ImageReference, type ProgressSink } from "@cos/core";
import { loadDocker, withDeadline } from "../dockerode.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readJsonLines } from "../transport/json-lines.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { findRegistryAuth, type RegistryAuth, toAuthHeader } from "./credentials.ts";
import { toPullFailure } from "./pull-failure.ts";
import { type PullLine, PullProgress } from "./pull-progress.ts";

/**
 * How long a pull may go on without a word from the engine, in milliseconds. Engines report several times a second while
 * anything moves, and try a silent registry again for ever.
 */
const pullIdleMs = 5 * 60_000;

export interface PullOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ProgressSink | undefined;
}

/**
 * Pulls an image with the credentials that Docker's configuration has for its registry.
 *
 * @throws CosError `not_found`, `denied`, `unsupported` (not for this platform), `unavailable` (registry or engine),
 * `deadline_exceeded`, `cancelled`
 */
export async function pullImage(
  client: EngineClient,
  reference: ImageReference,
  { env, signal, progress }: PullOptions,
): Promise<void> {
  const { domain, path, tag, digest } = reference;
  const name = formatImageReference(reference);
  const { auth, problem } = await findAuth(domain, env, signal);
  const docker = await loadDocker(client);
  const pulled = new PullProgress(name);
  progress?.({ phase: "pull", message: `Pulling ${name}` });
  try {
    await withDeadline({ what: `The pull of ${name}`, signal, idleMs: pullIdleMs }, async (call) => {
      const answer = await docker.createImage(auth === undefined ? undefined : { base64: toAuthHeader(auth) }, {
        fromImage: `${domain}/${path}`,
        tag: digest ?? tag ?? "latest",
        abortSignal: call.signal,
      });
      for await (const line of readJsonLines(answer as AsyncIterable<Buffer>)) {
        call.alive();
        const failure = (line as { error?: unknown } | null)?.error;
        if (typeof failure === "string") throw explained(toPullFailure(failure, name, domain), problem);
        const event = pulled.take(line as PullLine);
        if (event !== undefined) progress?.(event);
      }
    });
  } catch (error) {
    if (!CosError.is(error) || refusalStatus(error) === undefined) throw error;
    throw explained(toPullFailure(error.message, name, domain), problem);
  }
}

/**
 * The credentials for a registry. A credential helper that does not work, such as one that an uninstalled Docker
 * Desktop left in the configuration, does not keep anybody from public images; it is remembered as a `problem`.
 */
async function findAuth(
  domain: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<{ auth?: RegistryAuth | undefined; problem?: CosError }> {
  try {
    return { auth: await findRegistryAuth(domain, env, { signal }) };
  } catch (error) {
    if (!CosError.is(error) || error.code !== "failed_precondition") throw error;
    return { problem: error };
  }
}

/** A refusal for want of credentials says why there were none. */
function explained(failure: CosError, problem: CosError | undefined): CosError {
  if (problem === undefined || (failure.code !== "denied" && failure.code !== "not_found")) return failure;
  const hint = [problem.message, problem.hint].filter((text) => text !== undefined).join(" ");
  return new CosError(failure.code, failure.message, { hint, details: failure.details, cause: problem });
}
