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
export async function openRedaction(container: Container, secrets: SecretSource): Promise<Redaction | undefined> {
  const values = await valuesOf(container, secrets);
  return values.size === 0 ? undefined : new Redaction(values);
}

/** The names of the secrets that a container was given, as far as their values can still be had. */
export async function secretsOf(container: Container, secrets: SecretSource): Promise<string[]> {
  return [...(await valuesOf(container, secrets)).keys()];
}

async function valuesOf({ ownership }: Container, secrets: SecretSource): Promise<Map<string, string>> {
  const spec = ownership.status === "managed" ? ownership.labels.spec : "";
  const values = new Map<string, string>();
  if (spec === "") return values;
  for (const name of findSecretNames(textsWithSecrets(JSON.parse(spec) as WorkloadSpec))) {
    try {
      values.set(name, await secrets(name));
    } catch {
      // The operator took it out of the table; the rest is there to be read.
    }
  }
  return values;
}
