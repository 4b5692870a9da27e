import { CosError } from "./errors.ts";
import { Redaction, shortestSecret } from "./redaction.ts";
import type { WorkloadSpec } from "./spec/workload-spec.ts";

/**
 * Gives the value of a secret. Asked only when a value is about to enter a container.
 *
 * @throws CosError `not_found` for a name that it does not know.
 */
export type SecretSource = (name: string) => string | Promise<string>;

/** The secrets of one request, with their values. Made by {@link openSecrets}. */
export interface Secrets {
  /** What a text stands for: the value of the secret that it refers to, or itself. */
  valueOf(text: string): string;
  /** Variables with the values of the secrets that they refer to. */
  valuesOf(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** Takes the values out of output and failures; undefined when there are none. */
  readonly redaction: Redaction | undefined;
}

const scheme = "secret://";
const reference = /^secret:\/\/([A-Za-z0-9_.-]{1,64})$/;

/** The name in a reference to a secret, `secret://NAME`; undefined for any other text. */
export function toSecretName(text: string): string | undefined {
  return reference.exec(text)?.[1];
}

/** Whether a text is a reference to a secret, or none at all; what only begins like one is a mistake. */
export function isReferenceOrPlain(text: string): boolean {
  return !text.startsWith(scheme) || reference.test(text);
}

/** The names of the secrets that texts refer to, each once and sorted. */
export function findSecretNames(texts: Iterable<string>): string[] {
  const names = [...texts].flatMap((text) => toSecretName(text) ?? []);
  return [...new Set(names)].toSorted();
}

/** The texts of a workload that may refer to secrets. */
export function textsWithSecrets({ variables, files }: Pick<WorkloadSpec, "variables" | "files">): string[] {
  return [...Object.values(variables), ...files.map(({ content }) => content)];
}

/**
 * Asks for every secret that the texts refer to, once each.
 *
 * @throws CosError `not_found` for an unknown secret; `failed_precondition` when nothing gives secrets, or a value is
 * shorter than 4 bytes, which could not be told apart in output, or holds a NUL character.
 */
export async function openSecrets(texts: Iterable<string>, source: SecretSource | undefined): Promise<Secrets> {
  const values = new Map<string, string>();
  for (const name of findSecretNames(texts)) {
    if (source === undefined) {
      throw new CosError("failed_precondition", `Nothing here gives the secret ${name}.`, {
        hint: "Pass a source of secrets with the request.",
      });
    }
    const value = await source(name);
    assertUsable(name, value);
    values.set(name, value);
  }
  const valueOf = (text: string) => values.get(toSecretName(text) ?? "") ?? text;
  return {
    valueOf,
    valuesOf: (variables) =>
      Object.fromEntries(Object.entries(variables).map(([name, text]) => [name, valueOf(text)] as const)),
    redaction: values.size === 0 ? undefined : new Redaction(values),
  };
}

/**
 * Does something with the secrets that texts refer to. A failure, which may repeat what an engine was sent, is passed on
 * without them.
 *
 * @throws CosError as {@link openSecrets}, and what `body` throws.
 */
export async function withSecrets<T>(
  texts: Iterable<string>,
  source: SecretSource | undefined,
  body: (secrets: Secrets) => Promise<T>,
): Promise<T> {
  const secrets = await openSecrets(texts, source);
  try {
    return await body(secrets);
  } catch (error) {
    throw secrets.redaction?.error(error) ?? error;
  }
}

/**
 * Refuses values that cannot be a secret.
 *
 * @throws CosError `failed_precondition`
 */
export function assertUsable(name: string, value: string): void {
  if (Buffer.byteLength(value) < shortestSecret) {
    throw new CosError("failed_precondition", `The secret ${name} is shorter than ${shortestSecret} bytes.`, {
      hint: "So short a text cannot be told apart in output, and is no secret.",
    });
  }
  if (value.includes("\0")) {
    throw new CosError("failed_precondition", `The secret ${name} holds a NUL character.`, {
      hint: "A variable cannot hold it.",
    });
  }
}
