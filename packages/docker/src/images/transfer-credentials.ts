import { CosError } from "@cos/core";
import { findRegistryAuth, type RegistryAuth } from "./credentials.ts";

/** What a pull or a push shows the registry, and how it tells that there was nothing to show. */
export interface TransferCredentials {
  readonly auth: RegistryAuth | undefined;
  /** A refusal for want of credentials says why there were none. */
  explain(failure: CosError): CosError;
}

/**
 * The credentials for a registry. A credential helper that does not work, such as one that an uninstalled Docker
 * Desktop left in the configuration, keeps nobody from public images; why it did not is said once it matters.
 */
export async function findCredentials(
  domain: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<TransferCredentials> {
  try {
    return { auth: await findRegistryAuth(domain, env, { signal }), explain: (failure) => failure };
  } catch (error) {
    if (!CosError.is(error) || error.code !== "failed_precondition") throw error;
    return { auth: undefined, explain: (failure) => explained(failure, error) };
  }
}

function explained(failure: CosError, problem: CosError): CosError {
  if (failure.code !== "denied" && failure.code !== "not_found") return failure;
  const hint = [problem.message, problem.hint].filter((text) => text !== undefined).join(" ");
  return new CosError(failure.code, failure.message, { hint, details: failure.details, cause: problem });
}
