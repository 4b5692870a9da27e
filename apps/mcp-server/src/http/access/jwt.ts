import { CosError } from "@cos/core";
import type { JWTPayload } from "jose";
import type { Issuer } from "./issuer.ts";
import type { OauthSettings } from "./oauth-settings.ts";

/** Signatures that only the issuer can make. With a shared secret, or none, anybody else could. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** What an access token may call itself; other kinds of JWT are for other things. */
const types = new Set(["at+jwt", "application/at+jwt", "jwt", "application/jwt"]);
/** How far the issuer's clock may be from this one's, in seconds. */
const clockToleranceSeconds = 30;
const maxSubjectLength = 1024;

/** What of a failure to check a token is the token's own fault. */
const tokenFaults = new Set([
  "ERR_JOSE_ALG_NOT_ALLOWED",
  "ERR_JOSE_NOT_SUPPORTED",
  "ERR_JWKS_MULTIPLE_MATCHING_KEYS",
  "ERR_JWKS_NO_MATCHING_KEY",
  "ERR_JWS_INVALID",
  "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
  "ERR_JWT_CLAIM_VALIDATION_FAILED",
  "ERR_JWT_EXPIRED",
  "ERR_JWT_INVALID",
]);

/** Whom a token is about, or why it opens nothing. */
export type JwtVerdict =
  | { readonly subject: string }
  | { readonly problem: string; readonly error: "invalid_token" | "insufficient_scope" };

/**
 * Checks an access token of the issuer: signature, kind, issuer, audience, time, and scopes.
 *
 * @throws CosError `unavailable`, `failed_precondition` when the issuer's keys cannot be had, so nothing is known of it.
 */
export async function checkJwt(token: string, issuer: Issuer, settings: OauthSettings): Promise<JwtVerdict> {
  const { errors, jwtVerify } = await import("jose");
  const { nameClaim, scopes, audience } = settings;
  const keys = await issuer.keys();
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms,
      issuer: settings.issuer,
      audience,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ["exp", nameClaim],
    });
    const { typ } = protectedHeader;
    if (typ !== undefined && !types.has(typ.toLowerCase())) return invalid("It is not an access token.");
    if ("cnf" in payload) return invalid("It is bound to a key of its client, which cannot be checked here.");
    const subject = payload[nameClaim];
    if (typeof subject !== "string" || subject === "" || subject.length > maxSubjectLength)
      return invalid(`Its claim ${nameClaim} names nobody.`);
    const held = scopesOf(payload);
    if (!scopes.every((scope) => held.has(scope)))
      return { problem: `The access token needs the scope ${scopes.join(" ")}.`, error: "insufficient_scope" };
    return { subject };
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) return invalid("It has expired.");
    // Of a claim it only says something once the signature was found good.
    if (cause instanceof errors.JWTClaimValidationFailed) return invalid(`Its claim ${cause.claim} is wrong.`);
    if (cause instanceof errors.JOSEError && tokenFaults.has(cause.code)) return invalid("");
    throw new CosError("unavailable", `The keys of the OAuth issuer ${settings.issuer} cannot be had.`, {
      hint: "Check that this machine reaches it. Until then its tokens are refused.",
      cause,
    });
  }
}

function invalid(why: string): JwtVerdict {
  return { problem: `The access token is not good. ${why}`.trimEnd(), error: "invalid_token" };
}

/** As RFC 9068 writes them, and as others do. */
function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<unknown> {
  const written = scope ?? scp;
  return new Set(Array.isArray(written) ? (written as unknown[]) : String(written ?? "").split(" "));
}
