import { CosError, isImageId } from "@cos/core";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";

/** How long the removal of an image may take, in milliseconds; large ones take the engine many seconds. */
const removeDeadlineMs = 5 * 60_000;

export interface RemoveImageOptions {
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes an image. Succeeds when it is already gone.
 *
 * @param id a full id, `sha256:` and 64 hex digits.
 * @throws CosError `conflict` when a running container or another image needs it, and without `force` when it has tags
 * in several repositories or a stopped container was made from it; `invalid_argument`
 */
export async function removeImage(client: EngineClient, id: string, { force, signal }: RemoveImageOptions) {
  if (!isImageId(id)) {
    throw new CosError("invalid_argument", "Images are removed by their full id.", {
      hint: 'Expected "sha256:" and 64 hex digits.',
    });
  }
  await sendRemoval(client, [id.replace("sha256:", "")], { force, signal });
}

/** @param segments an image's id or a full reference, as segments of a path. */
export async function sendRemoval(
  client: EngineClient,
  segments: readonly string[],
  { force, signal }: RemoveImageOptions,
): Promise<void> {
  try {
    const request = { query: { force }, signal, deadlineMs: removeDeadlineMs };
    await client.call("DELETE", ["images", ...segments], request);
  } catch (error) {
    const status = refusalStatus(error);
    if (status === 404) return;
    if (status !== 409 || !CosError.is(error)) throw error;
    throw new CosError("conflict", "The image is in use.", {
      hint: "Remove the containers that use it and the images built on it first.",
      details: { ...error.details, engineSays: error.message },
      cause: error,
    });
  }
}
