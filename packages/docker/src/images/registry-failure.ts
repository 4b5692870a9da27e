import { CosError, type ErrorCode } from "@cos/core";
import { engineMessage } from "../transport/refusal.ts";

/** What goes on between the engine and a registry. */
export interface Transfer {
  readonly deed: "pull" | "push";
  readonly reference: string;
  readonly domain: string;
}

interface Kind {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly says: (transfer: Transfer) => string;
  readonly hint: (transfer: Transfer) => string;
}

const signIn = ({ domain }: Transfer) => `docker login${domain === "docker.io" ? "" : ` ${domain}`}`;

/** What engines and registries write when a transfer fails, the most specific first. */
const kinds: readonly Kind[] = [
  {
    pattern: /no matching manifest|image operating system .* cannot be used/i,
    code: "unsupported",
    says: ({ reference }) => `${reference} does not exist for this engine's platform.`,
    hint: () => "Choose an image that is published for the engine's operating system and architecture.",
  },
  {
    pattern: /no space left on device/i,
    code: "failed_precondition",
    says: ({ deed, reference, domain }) => `${deed === "pull" ? "The engine" : domain} has no room for ${reference}.`,
    hint: ({ deed }) => `Free space on the ${deed === "pull" ? "engine" : "registry"}'s disk, then try again.`,
  },
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    code: "unavailable",
    says: ({ deed, domain }) => `${domain} allows no more ${deed === "pull" ? "pulls" : "pushes"} for now.`,
    hint: (transfer) => `Wait, or sign in: ${signIn(transfer)}`,
  },
  {
    pattern: /repository does not exist or may require/i,
    code: "not_found",
    says: ({ reference }) => `There is no ${reference}, or it is private.`,
    hint: (transfer) => `Check the name; if it is private, sign in: ${signIn(transfer)}`,
  },
  {
    // Engines that are told to trust any certificate try again without TLS once they are not let in, and tell only of that.
    pattern:
      /HTTP request to an HTTPS server|unauthorized|no basic auth credentials|authentication required|access (?:to the resource is )?denied|forbidden|denied:/i,
    code: "denied",
    says: ({ deed, reference, domain }) => `${domain} does not let this user ${deed} ${reference}.`,
    hint: (transfer) => `Sign in with an account that may: ${signIn(transfer)}`,
  },
  {
    pattern: /manifest unknown|name unknown|not found|no such image/i,
    code: "not_found",
    says: ({ deed, reference, domain }) =>
      deed === "pull" ? `${domain} has no ${reference}.` : `${domain} has no place for ${reference}.`,
    hint: () => "Check the name and the tag.",
  },
  {
    pattern:
      /dial tcp|connection re(?:fused|set)|no such host|timeout|deadline exceeded|x509|certificate|tls:|HTTP response to HTTPS|\bEOF\b|proxyconnect|network is unreachable|no route to host/i,
    code: "unavailable",
    says: ({ domain }) => `The engine cannot reach the registry ${domain}.`,
    hint: ({ deed }) =>
      `Check the registry's address and the engine's network${deed === "pull" ? "; a local image needs no registry with --pull never" : ""}.`,
  },
];

/** Whether an engine's words tell of a failed transfer rather than of something else that went wrong. */
export function isRegistryFailure(text: string): boolean {
  return kinds.some(({ pattern }) => pattern.test(text));
}

/**
 * Why an image could not be pulled or pushed, from the engine's words.
 *
 * @param text untrusted: engines repeat what a registry, or whatever listens there, has answered. Bodies are left out.
 */
export function toRegistryFailure(text: string, transfer: Transfer): CosError {
  const kind = kinds.find(({ pattern }) => pattern.test(text));
  const engineSays = engineMessage(text.replace(/(response body|invalid character).*/s, "$1 (left out)"));
  return new CosError(
    kind?.code ?? "unavailable",
    kind?.says(transfer) ?? `${transfer.reference} could not be ${transfer.deed}ed: ${engineSays}`,
    {
      hint: kind?.hint(transfer) ?? "Try again; the engine's own log may say more.",
      details: { engineSays },
    },
  );
}
