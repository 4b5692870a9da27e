import { type ContainerRequest, type CreateOptions, type Secrets, textsWithSecrets, withSecrets } from "@cos/core";
import type { Images } from "../images/images.ts";
import { createContainer, type CreateContext, resolveBinds } from "./create.ts";

export interface CreateIdleContext extends CreateContext {
  readonly images: Images;
}

/**
 * Makes the container of a workload and checks it, without starting it. What fails the check is removed.
 *
 * @returns its full id.
 * @throws CosError as {@link createContainer}, and as `images.ensure` when the image cannot be had.
 */
export async function createIdle(
  context: CreateIdleContext,
  request: ContainerRequest,
  options: CreateOptions,
): Promise<string> {
  return await withSecrets(textsWithSecrets(request.spec), request.secrets, (secrets) =>
    createWithSecrets(context, request, secrets, options),
  );
}

async function createWithSecrets(
  context: CreateIdleContext,
  { spec, owner, hostRoots = [], temporary }: ContainerRequest,
  secrets: Secrets,
  { signal, progress }: CreateOptions,
): Promise<string> {
  // Refused here before anything is pulled; resolved again when the container is created.
  await resolveBinds(spec, hostRoots, context.facts);
  const image = await context.images.ensure(spec.env, { pull: spec.pull, owner, hostRoots, signal, progress });
  progress?.({ phase: "create", message: "Creating the container" });
  const container = await createContainer(
    context,
    { spec, secrets, owner, hostRoots, image, attached: false, temporary },
    signal,
  );
  try {
    await container.verify(signal);
    return container.id;
  } catch (error) {
    context.removals.start(container.id);
    throw error;
  }
}
