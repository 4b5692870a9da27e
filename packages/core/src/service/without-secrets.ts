import { CosError } from "../errors.ts";
import { findSecretNames, openSecrets, type SecretSource, textsWithSecrets } from "../secrets.ts";
import type { WorkloadSpec } from "../spec/workload-spec.ts";

/**
 * Does something whose failure may show what a container wrote. The secrets that the container's spec refers to are taken
 * out of it; where they cannot be had, all that it wrote is.
 */
export async function withoutSecrets<T>(
  spec: Pick<WorkloadSpec, "variables" | "files">,
  source: SecretSource | undefined,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const texts = textsWithSecrets(spec);
    if (findSecretNames(texts).length === 0) throw error;
    const secrets = await openSecrets(texts, source).catch(() => undefined);
    throw secrets?.redaction?.error(error) ?? withoutLog(CosError.from(error));
  }
}

function withoutLog({ code, message, hint, details }: CosError): CosError {
  const { exitCode } = details ?? {};
  return new CosError(code, message.split("\n", 1)[0] ?? "", {
    hint,
    ...(exitCode === undefined ? {} : { details: { exitCode } }),
  });
}
