import { CosError, formatImageReference, type ImageReference, type ProgressSink } from "@cos/core";
import { loadDocker, withDeadline } from "../dockerode.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readJsonLines } from "../transport/json-lines.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { findCredentials } from "./transfer-credentials.ts";
import { toAuthHeader } from "./credentials.ts";
import { toRegistryFailure } from "./registry-failure.ts";
import { type TransferLine, TransferProgress } from "./transfer-progress.ts";

/**
 * How long a transfer may go on without a word from the engine, in milliseconds. Engines report several times a second
 * while anything moves, and try a silent registry again for ever.
 */
export const transferIdleMs = 5 * 60_000;

export interface TransferEnvironment {
  /** Where Docker's configuration with the registries' credentials is found. */
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
  { env, signal, progress }: TransferEnvironment,
): Promise<void> {
  const { domain, path, tag, digest } = reference;
  const name = formatImageReference(reference);
  const credentials = await findCredentials(domain, env, signal);
  const docker = await loadDocker(client);
  const moved = new TransferProgress("pull", name);
  const failed = (text: string) =>
    credentials.explain(toRegistryFailure(text, { deed: "pull", reference: name, domain }));
  progress?.({ phase: "pull", message: `Pulling ${name}` });
  try {
    await withDeadline({ what: `The pull of ${name}`, signal, idleMs: transferIdleMs }, async (call) => {
      const { auth } = credentials;
      const answer = await docker.createImage(auth === undefined ? undefined : { base64: toAuthHeader(auth) }, {
        fromImage: `${domain}/${path}`,
        tag: digest ?? tag ?? "latest",
        abortSignal: call.signal,
      });
      for await (const line of readJsonLines(answer as AsyncIterable<Buffer>)) {
        call.alive();
        const failure = (line as { error?: unknown } | null)?.error;
        if (typeof failure === "string") throw failed(failure);
        const event = moved.take(line as TransferLine);
        if (event !== undefined) progress?.(event);
      }
    });
  } catch (error) {
    if (!CosError.is(error) || refusalStatus(error) === undefined) throw error;
    throw failed(error.message);
  }
}
