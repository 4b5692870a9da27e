import { CosError } from "@cos/core";
import type { JWTVerifyGetKey } from "jose";
import { isSafe } from "./oauth-settings.ts";

/** How long an answer of the issuer may take, in milliseconds. */
const timeoutMs = 5000;
/** How long to believe that the issuer cannot be asked, in milliseconds: whoever sends bad tokens must not make cos ask. */
const pauseMs = 10_000;

/** The keys of an issuer. */
export interface Issuer {
  /**
   * Finds the keys, where the issuer's metadata says that they are. Asks once it is needed, and then keeps the answer.
   *
   * @throws CosError `unavailable` when it cannot be asked; `failed_precondition` when it is not whom it should be.
   */
  keys(): Promise<JWTVerifyGetKey>;
}

export function openIssuer(issuer: string): Issuer {
  let found: Promise<JWTVerifyGetKey> | undefined;
  const find = async () => {
    const { createRemoteJWKSet } = await import("jose");
    return createRemoteJWKSet(await findKeysUrl(issuer), { timeoutDuration: timeoutMs });
  };
  return {
    keys() {
      if (found === undefined) {
        const asked = (found = find());
        asked.catch(() => setTimeout(() => (found = undefined), pauseMs).unref());
      }
      return found;
    },
  };
}

async function findKeysUrl(issuer: string): Promise<URL> {
  let failure: unknown;
  for (const url of toMetadataUrls(new URL(issuer))) {
    const metadata = await readJson(url).catch((error: unknown) => void (failure ??= error));
    if (metadata === undefined) continue;
    const { issuer: name, jwks_uri: keys } = metadata;
    if (name !== issuer) {
      throw new CosError("failed_precondition", `The OAuth issuer calls itself ${JSON.stringify(name)}.`, {
        hint: `Give --oauth-issuer exactly that, if it is the right one; it is told ${JSON.stringify(issuer)}.`,
      });
    }
    if (typeof keys === "string" && URL.canParse(keys) && isSafe(new URL(keys))) return new URL(keys);
    throw new CosError("failed_precondition", `The OAuth issuer ${issuer} does not say where its keys are.`, {
      hint: "Its metadata needs a jwks_uri that begins with https://.",
    });
  }
  throw new CosError("unavailable", `The OAuth issuer ${issuer} does not answer with its metadata.`, {
    hint: "Check --oauth-issuer, and that this machine reaches it. Until then its tokens are refused.",
    cause: failure,
  });
}

/** Where RFC 8414 and OpenID Connect put an issuer's metadata. */
function toMetadataUrls({ origin, pathname }: URL): readonly string[] {
  const path = pathname.replace(/\/$/, "");
  const [oauth, openId] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
  return [...new Set([`${origin}${oauth}${path}`, `${origin}${openId}${path}`, `${origin}${path}${openId}`])];
}

async function readJson(url: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url} answered with ${response.status}`);
  }
  return (await response.json()) as Record<string, unknown>;
}
