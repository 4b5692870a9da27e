import { CosError, isImageId } from "@cos/core";
import { loadDocker, withDeadline } from "../dockerode.ts";
import type { EngineClient } from "../transport/engine-client.ts";
import { refusalStatus } from "../transport/refusal.ts";

/** How long the removal of an image may take, in milliseconds; large ones take the engine many seconds. */
const removeDeadlineMs = 5 * 60_000;

/**
 * Removes an image with all its tags. Succeeds when it is already gone.
 *
 * @param id a full id, `sha256:` and 64 hex digits.
 * @throws CosError `conflict` when a running container or another image needs it; `invalid_argument`
 */
export async function removeImage(client: EngineClient, id: string, signal?: AbortSignal): Promise<void> {
  if (!isImageId(id)) {
    throw new CosError("invalid_argument", "Images are removed by their full id.", {
      hint: 'Expected "sha256:" and 64 hex digits.',
    });
  }
  const docker = await loadDocker(client);
  const image = docker.getImage(id.replace("sha256:", ""));
  try {
    await withDeadline({ what: "The removal of the image", signal, deadlineMs: removeDeadlineMs }, (call) =>
      image.remove({ force: true, abortSignal: call.signal }),
    );
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
