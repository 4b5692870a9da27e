import { CosError, type ErrorCode } from "@cos/core";
import { engineMessage } from "../transport/refusal.ts";

interface Kind {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly says: (reference: string, domain: string) => string;
  readonly hint: (domain: string) => string;
}

const signIn = (domain: string) => `docker login${domain === "docker.io" ? "" : ` ${domain}`}`;

/** What engines and registries write when a pull fails, the most specific first. */
const kinds: readonly Kind[] = [
  {
    pattern: /no matching manifest|image operating system .* cannot be used/i,
    code: "unsupported",
    says: (reference) => `${reference} does not exist for this engine's platform.`,
    hint: () => "Choose an image that is published for the engine's operating system and architecture.",
  },
  {
    pattern: /no space left on device/i,
    code: "failed_precondition",
    says: (reference) => `The engine has no room for ${reference}.`,
    hint: () => "Free space on the engine's disk, then try again.",
  },
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    code: "unavailable",
    says: (_reference, domain) => `${domain} allows no more pulls for now.`,
    hint: (domain) => `Wait, or sign in: ${signIn(domain)}`,
  },
  {
    pattern: /repository does not exist or may require/i,
    code: "not_found",
    says: (reference) => `There is no ${reference}, or it is private.`,
    hint: (domain) => `Check the name; if it is private, sign in: ${signIn(domain)}`,
  },
  {
    pattern:
      /unauthorized|no basic auth credentials|authentication required|access (?:to the resource is )?denied|forbidden|denied:/i,
    code: "denied",
    says: (reference, domain) => `${domain} does not let this user pull ${reference}.`,
    hint: (domain) => `Sign in with an account that may: ${signIn(domain)}`,
  },
  {
    pattern: /manifest unknown|name unknown|not found|no such image/i,
    code: "not_found",
    says: (reference, domain) => `${domain} has no ${reference}.`,
    hint: () => "Check the name and the tag.",
  },
  {
    pattern:
      /dial tcp|connection re(?:fused|set)|no such host|timeout|deadline exceeded|x509|certificate|tls:|HTTP response to HTTPS|\bEOF\b|proxyconnect|network is unreachable|no route to host/i,
    code: "unavailable",
    says: (_reference, domain) => `The engine cannot reach the registry ${domain}.`,
    hint: () =>
      "Check the registry's address and the engine's network; a local image needs no registry with --pull never.",
  },
];

/** Whether an engine's words tell of a failed pull rather than of something else that went wrong. */
export function isPullFailure(text: string): boolean {
  return kinds.some(({ pattern }) => pattern.test(text));
}

/**
 * Why an image could not be pulled, from the engine's words.
 *
 * @param text untrusted: engines repeat what a registry, or whatever listens there, has answered. Bodies are left out.
 */
export function toPullFailure(text: string, reference: string, domain: string): CosError {
  const kind = kinds.find(({ pattern }) => pattern.test(text));
  const engineSays = engineMessage(text.replace(/(response body|invalid character).*/s, "$1 (left out)"));
  return new CosError(
    kind?.code ?? "unavailable",
    kind?.says(reference, domain) ?? `${reference} could not be pulled: ${engineSays}`,
    {
      hint: kind?.hint(domain) ?? "Try again; the engine's own log may say more.",
      details: { engineSays },
    },
  );
}
