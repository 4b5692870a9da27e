import { CosError, formatImageReference, type ImagePushResult, type ImageReference } from "@cos/core";
import { loadDocker, withDeadline } from "../dockerode.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { readJsonLines } from "../transport/json-lines.ts";
import { refusalStatus } from "../transport/refusal.ts";
import { toAuthHeader } from "./credentials.ts";
import { type TransferEnvironment, transferIdleMs } from "./pull.ts";
import { toRegistryFailure } from "./registry-failure.ts";
import { findCredentials } from "./transfer-credentials.ts";
import { type TransferLine, TransferProgress } from "./transfer-progress.ts";

/** One line of a push's answer; the last one tells under which digest the registry has it. */
interface PushLine extends TransferLine {
  readonly error?: string;
  readonly aux?: { readonly Digest?: string } | null;
}

/** The library's push as a promise, with the third argument that its types know only for callbacks. */
interface Pushable {
  push(options: object, callback: undefined, auth: { readonly base64: string }): Promise<AsyncIterable<Buffer>>;
}

/**
 * Pushes what a tag names, with the credentials that Docker's configuration has for its registry.
 *
 * @param reference with a tag that the engine is known to have, and without a digest.
 * @throws CosError `not_found`, `denied`, `unavailable` (registry or engine), `deadline_exceeded`, `cancelled`
 */
export async function pushImage(
  client: EngineClient,
  reference: ImageReference,
  { env, signal, progress }: TransferEnvironment,
): Promise<ImagePushResult> {
  const { domain, path, tag } = reference;
  const name = formatImageReference(reference);
  const credentials = await findCredentials(domain, env, signal);
  const docker = await loadDocker(client);
  const moved = new TransferProgress("push", name);
  const failed = (text: string) =>
    credentials.explain(toRegistryFailure(text, { deed: "push", reference: name, domain }));
  progress?.({ phase: "push", message: `Pushing ${name}` });
  let digest: string | undefined;
  try {
    await withDeadline({ what: `The push of ${name}`, signal, idleMs: transferIdleMs }, async (call) => {
      // The library puts the name into the path as it is.
      const image = docker.getImage(`${domain}/${path}`.split("/").map(encodeURIComponent).join("/"));
      const answer = await (image as unknown as Pushable).push({ tag, abortSignal: call.signal }, undefined, {
        // Engines want credentials also when there are none.
        base64: toAuthHeader(credentials.auth),
      });
      for await (const line of readJsonLines(answer)) {
        call.alive();
        const { error, aux, ...step } = line as PushLine;
        if (typeof error === "string") throw failed(error);
        digest = aux?.Digest ?? digest;
        const event = moved.take(step);
        if (event !== undefined) progress?.(event);
      }
    });
  } catch (error) {
    if (!CosError.is(error) || refusalStatus(error) === undefined) throw error;
    throw failed(error.message);
  }
  if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new CosError("unavailable", `The engine did not say that ${domain} has taken ${name}.`, {
      hint: "Push it again; what the registry has already is not sent twice.",
      details: { unknown: true },
    });
  }
  return { digest, pushedBytes: moved.doneBytes };
}
