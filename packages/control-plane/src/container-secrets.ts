import {
  type Container,
  findSecretNames,
  Redaction,
  type SecretSource,
  textsWithSecrets,
  type WorkloadSpec,
} from "@cos/core";

/**
 * What takes out of texts the secrets that a container was given, as its spec says, as far as they can still be had;
 * undefined when there are none.
 */
export async function openRedaction({ ownership }: Container, secrets: SecretSource): Promise<Redaction | undefined> {
  const spec = ownership.status === "managed" ? ownership.labels.spec : "";
  if (spec === "") return undefined;
  const values = new Map<string, string>();
  for (const name of findSecretNames(textsWithSecrets(JSON.parse(spec) as WorkloadSpec))) {
    try {
      values.set(name, await secrets(name));
    } catch {
      // The operator took it out of the table; the rest is there to be read.
    }
  }
  return values.size === 0 ? undefined : new Redaction(values);
}
