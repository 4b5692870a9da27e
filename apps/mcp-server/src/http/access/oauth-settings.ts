import { isLoopback } from "../loopback.ts";

/** Whose tokens the server takes beside its own, and what must stand in them. */
export interface OauthSettings {
  /** The issuer, exactly as its tokens and its metadata name it. */
  readonly issuer: string;
  /** Whom its tokens must be for. */
  readonly audience: string;
  /** The URL at which clients reach the server. */
  readonly resource: URL;
  /** Scopes that a token must have, all of them. */
  readonly scopes: readonly string[];
  /** The claim that says who the caller is. */
  readonly nameClaim: string;
}

/** The options of the command line that are about OAuth. */
export interface OauthOptions {
  readonly "oauth-issuer"?: string | undefined;
  readonly "oauth-audience"?: string | undefined;
  readonly "oauth-resource"?: string | undefined;
  readonly "oauth-scope"?: readonly string[] | undefined;
  readonly "oauth-name-claim"?: string | undefined;
}

/**
 * What the options say; undefined when they are silent.
 *
 * @throws Error with what is wrong with them.
 */
export function toOauthSettings(given: OauthOptions): OauthSettings | undefined {
  const { "oauth-issuer": issuer, "oauth-audience": audience, "oauth-scope": scopes = [] } = given;
  const nameClaim = given["oauth-name-claim"] ?? "sub";
  if (issuer === undefined) {
    const alone = Object.keys(given).find((name) => name.startsWith("oauth-"));
    if (alone === undefined) return undefined;
    throw new Error(`--${alone} needs --oauth-issuer.`);
  }
  if (audience === undefined || audience === "") {
    throw new Error("--oauth-issuer needs --oauth-audience: without it, tokens for others would be good here.");
  }
  toUrl(issuer, "--oauth-issuer");
  const wrong = scopes.find((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope));
  if (wrong !== undefined) throw new Error(`--oauth-scope takes one scope, which ${JSON.stringify(wrong)} is not.`);
  if (nameClaim === "") throw new Error("--oauth-name-claim takes the name of a claim.");
  const resource = given["oauth-resource"] ?? audience;
  if (given["oauth-resource"] === undefined && !URL.canParse(audience)) {
    throw new Error("--oauth-audience is no URL, so --oauth-resource must say at which URL clients reach the server.");
  }
  const name = given["oauth-resource"] === undefined ? "--oauth-audience" : "--oauth-resource";
  return { issuer, audience, resource: toUrl(resource, name), scopes, nameClaim };
}

/** A URL that nobody on the way can change what comes from. */
function toUrl(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isSafe(url) || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw new Error(
      `${option} takes a URL that begins with https:// and has no query, which ${JSON.stringify(text)} is not.`,
    );
  }
  return url;
}

/** Whether what comes from a URL is what its owner sent: it is encrypted, or never leaves this machine. */
export function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname.replace(/^\[(.*)\]$/, "$1")));
}
